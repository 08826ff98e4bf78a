//! One call through every room, in order. Read this first.
//!
//! Comes in: an input. Goes out: its record, on disk. There is no `Result`: what can't be audited becomes a record that
//! says so, written and counted like any other. Only this file knows the order of the rooms.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::audio::{self, DecodeOptions};
use crate::call::{Call, Jurisdiction, Language, Millis, Speaker};
use crate::hash::{sha256_hex, sha256_of_file};
use crate::intake::{Input, Kind};
use crate::normalise::guess_language;
use crate::policy::{DeclaredChannel, Judgement, Policy, Roles};
use crate::record::{
    self, Audio, CallRecord, ModelRef, OutcomeKind, Provenance, Reason, SpeechMs, Stage, TranscriptRef, Verdict,
};
use crate::store::{StageTimes, Store, TranscriptKey};
use crate::transcribe::{Engine, Recognizer};
use crate::transcript::{CallInfo, Problem, Transcript};

/// The program and its version, as records name it.
pub const TOOL: &str = concat!("fairdial ", env!("CARGO_PKG_VERSION"));

/// Mean recognition confidence below which a call can't pass without a person listening.
const CLEAR_ENOUGH: f64 = 0.6;
/// Role confidence below which it can't.
const SURE_ROLE: f64 = 0.8;

/// What holds for the whole batch.
#[derive(Clone, Debug, Default)]
pub struct AuditSettings {
    /// Whose law, when the call's metadata doesn't say.
    pub jurisdiction: Option<Jurisdiction>,
    /// The collector's channel, when the call's metadata doesn't say.
    pub channel: Option<DeclaredChannel>,
    /// Where ffmpeg is, if it is.
    pub ffmpeg: Option<PathBuf>,
}

/// Makes a recogniser; called once per worker, and only when there is something to listen to.
pub type RecognizerMaker<'a> = dyn Fn() -> Result<Box<dyn Recognizer>, String> + Sync + 'a;

/// One worker's way through the rooms.
pub struct Auditor<'a> {
    policy: &'a Policy,
    store: &'a Store,
    settings: &'a AuditSettings,
    engine: &'a Engine,
    maker: &'a RecognizerMaker<'a>,
    recognizer: Option<Box<dyn Recognizer>>,
}

/// A call that has been through.
pub struct Audited {
    /// Its record, as written.
    pub record: CallRecord,
    /// Whether a recogniser listened to it now.
    pub transcribed: bool,
    /// Where the time went.
    pub times: StageTimes,
}

/// Why a call stops on the way.
struct Stop {
    stage: Stage,
    code: String,
    message: String,
}

impl Stop {
    fn at(stage: Stage, code: &str, message: impl ToString) -> Stop {
        Stop { stage, code: code.into(), message: message.to_string() }
    }
}

/// The words of a call, and where they came from.
struct Words {
    transcript: Transcript,
    key: TranscriptKey,
    model: Option<ModelRef>,
    settings: String,
    transcribed: bool,
}

impl<'a> Auditor<'a> {
    /// A worker. `engine` is what `maker` will make.
    pub fn new(
        policy: &'a Policy,
        store: &'a Store,
        settings: &'a AuditSettings,
        engine: &'a Engine,
        maker: &'a RecognizerMaker<'a>,
    ) -> Auditor<'a> {
        Auditor { policy, store, settings, engine, maker, recognizer: None }
    }

    /// Takes one input through every room and writes its record.
    pub fn audit(&mut self, input: &Input) -> Audited {
        let mut times = StageTimes::default();
        let mut call = input.call.clone();
        let mut transcribed = false;
        let outcome = self.words(input, &mut call, &mut times).and_then(|words| {
            transcribed = words.transcribed;
            self.judge(&mut call, words, &mut times)
        });
        let record = outcome.unwrap_or_else(|stop| self.not_audited(call, stop));
        self.put(record, transcribed, times)
    }

    /// Gives an input that was refused before it was opened its record.
    pub fn refuse(&mut self, call: Call, code: &str, message: &str) -> Audited {
        let record = self.not_audited(call, Stop::at(Stage::Intake, code, message));
        self.put(record, false, StageTimes::default())
    }

    fn put(&self, mut record: CallRecord, transcribed: bool, mut times: StageTimes) -> Audited {
        let begun = Instant::now();
        if let Err(error) = self.store.write_record(&record) {
            record = self.not_audited(record.call, Stop::at(Stage::Store, error.code(), error));
        }
        times.store_ms += millis(begun);
        Audited { record, transcribed, times }
    }

    /// Rooms one to three: the file, its sound, its words. A transcript goes straight to its words.
    fn words(&mut self, input: &Input, call: &mut Call, times: &mut StageTimes) -> Result<Words, Stop> {
        let begun = Instant::now();
        let unreadable = |error: std::io::Error| {
            Stop::at(Stage::Intake, "unreadable", format!("failed to read {}: {error}", call.source))
        };
        if input.kind == Kind::Transcript {
            let bytes = fs::read(&input.path).map_err(unreadable)?;
            let sha256 = sha256_hex(&bytes);
            let transcript = Transcript::from_json(&bytes)
                .map_err(|error| Stop::at(Stage::Intake, error.code(), format!("{}: {error}", call.source)))?;
            call.sha256 = Some(sha256.clone());
            complete(call, &transcript.call);
            times.intake_ms += millis(begun);
            let key = TranscriptKey::of(&sha256, "", "transcript");
            return Ok(Words { transcript, key, model: None, settings: "transcript".into(), transcribed: false });
        }
        let sha256 = sha256_of_file(&input.path).map_err(unreadable)?;
        call.sha256 = Some(sha256.clone());
        times.intake_ms += millis(begun);
        let key = TranscriptKey::of(&sha256, &self.engine.fingerprint, &self.engine.settings);
        let (transcript, transcribed) = match self.store.transcript(&key) {
            Some(mut stored) => {
                // Who speaks is worked out anew: the channel map may have changed, the words have not.
                stored.segments.iter_mut().for_each(|segment| segment.speaker = Speaker::Unknown);
                (stored, false)
            }
            None => (self.listen(input, call, times)?, true),
        };
        let settings = self.engine.settings.clone();
        Ok(Words { transcript, key, model: Some(model_ref(self.engine)), settings, transcribed })
    }

    fn listen(&mut self, input: &Input, call: &Call, times: &mut StageTimes) -> Result<Transcript, Stop> {
        let begun = Instant::now();
        let options = DecodeOptions {
            ffmpeg: self.settings.ffmpeg.clone(),
            max_channels: 2,
            time_limit: Duration::from_secs(600),
        };
        let mut pcm = audio::decode(&input.path, &options)
            .map_err(|error| Stop::at(Stage::Decode, error.code(), format!("failed to {error}")))?;
        if let [left, right] = pcm.tracks.as_slice()
            && audio::same_signal(left, right)
        {
            pcm.tracks = vec![audio::mix(left, right)];
            pcm.problems.push(audio::AudioProblem {
                code: "dual-mono".into(),
                message: "both channels carry the same sound: treated as one".into(),
                at_ms: None,
            });
        }
        times.decode_ms += millis(begun);
        let begun = Instant::now();
        let failed = |code: &str, message: String| Stop::at(Stage::Transcribe, code, message);
        if self.recognizer.is_none() {
            self.recognizer = Some((self.maker)().map_err(|message| failed("model-failed", message))?);
        }
        let Some(recognizer) = self.recognizer.as_mut() else {
            return Err(failed("model-failed", "there is no recogniser".into()));
        };
        let heard = recognizer.transcribe(call, &pcm).map_err(|error| failed(error.code(), error.to_string()));
        times.transcribe_ms += millis(begun);
        heard
    }

    /// Rooms four to six: the words judged, the record made.
    fn judge(&self, call: &mut Call, words: Words, times: &mut StageTimes) -> Result<CallRecord, Stop> {
        let begun = Instant::now();
        let Words { mut transcript, key, model, settings, .. } = words;
        let said =
            |transcript: &Transcript| transcript.segments.iter().any(|s| s.text.chars().any(char::is_alphanumeric));
        let language =
            transcript.language.or_else(|| guess_language(&transcript.segments)).filter(|_| said(&transcript));
        let Some(language) = language else {
            // Kept, so that silence is listened to once only.
            let stored = self.store.write_transcript(&call.id, &key, &transcript);
            stored.map_err(|error| Stop::at(Stage::Store, error.code(), error))?;
            let message = match &transcript.sound {
                Some(sound) => {
                    let (file, length) = (&call.source, sound.duration_ms);
                    format!("no words were heard in {file:?} ({length} of sound): listen whether there is speech")
                }
                None => format!("the transcript {:?} has no words", call.source),
            };
            return Err(Stop::at(Stage::Transcribe, "no-speech", message));
        };
        let assumed = call.jurisdiction.is_none() && self.settings.jurisdiction.is_none();
        let jurisdiction =
            call.jurisdiction.or(self.settings.jurisdiction).unwrap_or(Jurisdiction::usual_for(language));
        call.jurisdiction = Some(jurisdiction);
        let declared = call
            .collector_channel
            .map(|collector| DeclaredChannel { collector, basis: crate::policy::ChannelBasis::Metadata })
            .or(self.settings.channel);
        let roles = self.policy.assign_roles(&mut transcript, call, language, declared);
        let judged = self
            .policy
            .judge(&transcript, call, &roles, language)
            .map_err(|error| Stop::at(Stage::Judge, error.code(), error))?;
        let lexicons = self
            .policy
            .packs_for(language, jurisdiction)
            .map_err(|error| Stop::at(Stage::Judge, error.code(), error))?
            .iter()
            .flat_map(|pack| pack.references())
            .collect();
        times.judge_ms += millis(begun);
        let begun = Instant::now();
        transcript.call = info(call);
        transcript.language = Some(language);
        let path = self
            .store
            .write_transcript(&call.id, &key, &transcript)
            .map_err(|error| Stop::at(Stage::Store, error.code(), error))?;
        times.store_ms += millis(begun);
        let law = if assumed { " (assumed from the language)" } else { "" };
        let settings = format!("{settings} jurisdiction={}{law}", jurisdiction.code());
        let provenance = Provenance { tool: TOOL.into(), lexicons, model, settings };
        let place = TranscriptRef { path, segments: transcript.segments.len() };
        Ok(assemble(call.clone(), provenance, &transcript, place, roles, judged, language))
    }

    fn not_audited(&self, call: Call, stop: Stop) -> CallRecord {
        let provenance = Provenance { tool: TOOL.into(), lexicons: Vec::new(), model: None, settings: String::new() };
        CallRecord {
            schema: record::SCHEMA.into(),
            call,
            provenance,
            outcome: OutcomeKind::NotAudited,
            reason: Some(Reason { stage: stop.stage, code: stop.code, message: one_line(&stop.message) }),
            verdict: None,
            verdict_because: Vec::new(),
            score: None,
            audio: None,
            roles: Vec::new(),
            language: None,
            transcript: None,
            checks: Vec::new(),
            findings: Vec::new(),
            suppressed: Vec::new(),
            signals: Vec::new(),
            conversation: None,
            promises: Vec::new(),
        }
    }
}

fn assemble(
    call: Call,
    provenance: Provenance,
    transcript: &Transcript,
    place: TranscriptRef,
    roles: Roles,
    judged: Judgement,
    language: Language,
) -> CallRecord {
    let mut because = judged.because;
    let doubts = unsure(transcript, &roles);
    // What could not be heard is not clean: a person listens before it passes.
    let verdict = if doubts.is_empty() { judged.verdict } else { judged.verdict.max(Verdict::Review) };
    because.extend(doubts.into_iter().map(String::from));
    let audio = transcript.sound.as_ref().map(|sound| Audio {
        duration_ms: sound.duration_ms,
        channels: sound.channels,
        sample_rate_hz: sound.sample_rate_hz,
        codec: sound.codec.clone(),
        speech_ms: speech(&sound.speech_ms, &roles),
        problems: sound.problems.iter().chain(&roles.problems).cloned().collect::<Vec<Problem>>(),
    });
    CallRecord {
        schema: record::SCHEMA.into(),
        call,
        provenance,
        outcome: OutcomeKind::Audited,
        reason: None,
        verdict: Some(verdict),
        verdict_because: because,
        score: Some(judged.score),
        audio,
        roles: roles.roles,
        language: Some(language),
        transcript: Some(place),
        checks: judged.checks,
        findings: judged.findings,
        suppressed: judged.suppressed,
        signals: judged.signals,
        conversation: Some(judged.conversation),
        promises: judged.promises,
    }
}

/// How records name what listened.
pub(crate) fn model_ref(engine: &Engine) -> ModelRef {
    ModelRef { name: engine.model.clone(), fingerprint: engine.fingerprint.clone(), notice: engine.notice.clone() }
}

/// Why a call that looks clean may not be.
fn unsure(transcript: &Transcript, roles: &Roles) -> Vec<&'static str> {
    let mut doubts = Vec::new();
    let known: Vec<f64> = transcript.segments.iter().filter_map(|segment| segment.confidence).collect();
    if !known.is_empty() && known.iter().sum::<f64>() / (known.len() as f64) < CLEAR_ENOUGH {
        doubts.push("recognition-poor");
    }
    if roles.confidence_of(Speaker::Collector) < SURE_ROLE {
        doubts.push("roles-unsure");
    }
    if let Some(sound) = &transcript.sound {
        if sound
            .problems
            .iter()
            .any(|problem| matches!(problem.code.as_str(), "damaged" | "truncated" | "invalid-samples"))
        {
            doubts.push("recording-damaged");
        }
        let speech: u64 = sound.speech_ms.iter().map(|time| time.0).sum();
        let worded: u64 = transcript.segments.iter().map(|segment| segment.start_ms.until(segment.end_ms).0).sum();
        if speech > 2_000 && worded * 2 < speech {
            doubts.push("speech-not-recognised");
        }
    }
    doubts
}

fn speech(channels: &[Millis], roles: &Roles) -> SpeechMs {
    let mut speech = SpeechMs::default();
    for (channel, time) in channels.iter().enumerate() {
        let role = roles.roles.iter().find(|role| role.channel.map(usize::from) == Some(channel));
        let side = match role.map(|role| role.speaker) {
            Some(Speaker::Collector) => &mut speech.collector,
            Some(Speaker::Debtor | Speaker::ThirdParty) => &mut speech.debtor,
            _ => &mut speech.unknown,
        };
        side.0 += time.0;
    }
    speech
}

/// What the transcript itself says of its call, where the metadata is silent.
fn complete(call: &mut Call, info: &CallInfo) {
    let fill = |own: &mut Option<String>, other: &Option<String>| {
        if own.is_none() {
            own.clone_from(other);
        }
    };
    fill(&mut call.agent_id, &info.agent_id);
    fill(&mut call.agent_name, &info.agent_name);
    fill(&mut call.agency, &info.agency);
    fill(&mut call.creditor, &info.creditor);
    fill(&mut call.debtor_name, &info.debtor_name);
    fill(&mut call.account, &info.account);
    fill(&mut call.started_at, &info.started_at);
    fill(&mut call.debtor_timezone, &info.debtor_timezone);
    fill(&mut call.direction, &info.direction);
    fill(&mut call.callee_phone, &info.callee_phone);
    call.jurisdiction = call.jurisdiction.or(info.jurisdiction);
}

fn info(call: &Call) -> CallInfo {
    CallInfo {
        id: Some(call.id.as_str().into()),
        agent_id: call.agent_id.clone(),
        agent_name: call.agent_name.clone(),
        agency: call.agency.clone(),
        creditor: call.creditor.clone(),
        debtor_name: call.debtor_name.clone(),
        account: call.account.clone(),
        started_at: call.started_at.clone(),
        debtor_timezone: call.debtor_timezone.clone(),
        direction: call.direction.clone(),
        callee_phone: call.callee_phone.clone(),
        jurisdiction: call.jurisdiction,
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

/// A message in one line: file names may hold anything.
fn one_line(message: &str) -> String {
    message.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
