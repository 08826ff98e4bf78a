//! Roles: who is the collector, and how that is known.
//!
//! Comes in: a transcript whose segments have channels but perhaps no speakers, and what the metadata declares. Goes
//! out: [`Roles`], and the segments' speakers filled in. Only this file decides it: from the transcript's own labels,
//! from the channel, from the words of the opening, and never more surely than the basis allows.

use crate::call::{Call, Language, Millis, Speaker};
use crate::normalise::Stream;
use crate::record::Role;
use crate::transcript::{Problem, Segment, Transcript};

use super::file::Who;
use super::{Policy, Slot, fields, scan};

/// On what a declared channel rests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChannelBasis {
    /// A command-line flag for the whole batch.
    Flag,
    /// The configuration file.
    Config,
    /// The call's row in the metadata.
    Metadata,
}

impl ChannelBasis {
    fn as_str(self) -> &'static str {
        match self {
            ChannelBasis::Flag => "flag",
            ChannelBasis::Config => "config",
            ChannelBasis::Metadata => "metadata",
        }
    }
}

/// The channel somebody said the collector is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeclaredChannel {
    /// 0-based.
    pub collector: u16,
    /// Who said so.
    pub basis: ChannelBasis,
}

/// Who speaks in a call, and how sure that is.
#[derive(Clone, Debug, Default)]
pub struct Roles {
    /// For the record.
    pub roles: Vec<Role>,
    /// What to tell people: sides swapped, roles guessed.
    pub problems: Vec<Problem>,
}

impl Roles {
    /// How sure it is that words given to a speaker are theirs: 0 when nothing is known of that speaker.
    pub fn confidence_of(&self, speaker: Speaker) -> f64 {
        let known = self.roles.iter().filter(|role| role.speaker == speaker).map(|role| role.confidence);
        known.fold(0.0, f64::max)
    }

    /// The roles that a transcript's own labels give.
    pub fn of_labels(transcript: &Transcript) -> Roles {
        let mut roles: Vec<Role> = Vec::new();
        for segment in &transcript.segments {
            let known = roles.iter().any(|role| role.speaker == segment.speaker && role.channel == segment.channel);
            if !known && segment.speaker != Speaker::Unknown {
                let (channel, speaker) = (segment.channel, segment.speaker);
                roles.push(Role { channel, speaker, basis: "transcript".into(), confidence: 1.0 });
            }
        }
        Roles { roles, problems: Vec::new() }
    }
}

/// Words in favour of each side, per segment.
struct Votes {
    /// Collector votes less debtor votes, per segment: two for a word that only one side says, one for what a rule expects.
    by_segment: Vec<i32>,
    /// Collector words in all.
    collector: usize,
}

impl Policy {
    /// Finds out who speaks and writes it into the segments.
    ///
    /// A transcript that labels its speakers keeps its labels. Two channels: the declared one, else channel 0, is the
    /// collector's unless the words say otherwise. One channel: each segment's speaker is guessed from the words, with
    /// a confidence below what a verdict `fail` needs.
    pub fn assign_roles(
        &self,
        transcript: &mut Transcript,
        call: &Call,
        language: Language,
        declared: Option<DeclaredChannel>,
    ) -> Roles {
        if transcript.segments.iter().any(|segment| segment.speaker != Speaker::Unknown) {
            return Roles::of_labels(transcript);
        }
        let apart = sides_apart(transcript);
        let votes = self.votes(transcript, call, language, apart);
        if apart {
            by_channel(&mut transcript.segments, &votes, declared)
        } else {
            by_words(&mut transcript.segments, &votes)
        }
    }

    /// What the words say of each segment's speaker. With the sides `apart` only words that one side alone says count;
    /// on one channel also what a rule expects of one side: debts and threats come from collectors, hardship from debtors.
    fn votes(&self, transcript: &Transcript, call: &Call, language: Language, apart: bool) -> Votes {
        let mut by_channel: Vec<Segment> = transcript.segments.clone();
        for segment in &mut by_channel {
            segment.speaker = match segment.channel {
                Some(0) => Speaker::Collector,
                Some(_) => Speaker::Debtor,
                None => Speaker::Unknown,
            };
        }
        let streams = Stream::all(&by_channel);
        let names = fields::of_call(call, language);
        let side = |pack: usize, slot: Slot| match slot {
            Slot::Role(speaker) => Some(speaker == Speaker::Collector),
            _ if apart => None,
            Slot::Signal(_) => Some(false),
            Slot::Required(_) | Slot::Forbidden(_) => Some(true),
            Slot::Cue(cue) => match self.packs[pack].cues[cue].rule.speaker {
                Who::Collector => Some(true),
                Who::Any => None,
                Who::Debtor | Who::ThirdParty | Who::Other => Some(false),
            },
            _ => None,
        };
        let packs = (0..self.packs.len()).filter(|pack| self.packs[*pack].file.language == language);
        let packs: Vec<usize> = packs.collect();
        let found = scan::find(self, &packs, &streams, &names, &|pack, slot| side(pack, slot).is_some());
        let mut votes = Votes { by_segment: vec![0; transcript.segments.len()], collector: 0 };
        for hit in found {
            let collector = side(hit.pack, hit.slot) == Some(true);
            // A word of the opening weighs double what a rule expects.
            let weight = if matches!(hit.slot, Slot::Role(_)) { 2 } else { 1 };
            votes.by_segment[hit.first.segment] += if collector { weight } else { -weight };
            votes.collector += usize::from(collector);
        }
        votes
    }
}

/// Whether each side has its channel: two were listened to, or, in a transcript from elsewhere, two are named. A foreign
/// recogniser that writes channel 0 everywhere says nothing of who speaks.
fn sides_apart(transcript: &Transcript) -> bool {
    let mut named = transcript.segments.iter().filter_map(|segment| segment.channel);
    let first = named.next();
    let two_named = named.any(|channel| Some(channel) != first);
    let two_heard = transcript.sound.as_ref().is_some_and(|sound| sound.speech_ms.len() == 2);
    two_heard || two_named
}

fn by_channel(segments: &mut [Segment], votes: &Votes, declared: Option<DeclaredChannel>) -> Roles {
    let score = |channel: u16| -> i32 {
        let own = segments.iter().zip(&votes.by_segment).filter(|(segment, _)| segment.channel == Some(channel));
        own.map(|(_, vote)| vote / 2).sum()
    };
    let expected = declared.map_or(0, |declared| declared.collector);
    let other = 1 - expected.min(1);
    let lead = score(expected) - score(other);
    let mut problems = Vec::new();
    let mut problem = |code: &str, message: String| {
        problems.push(Problem { code: code.into(), message, at_ms: None });
    };
    let (collector, basis, confidence) = match declared {
        Some(declared) if lead > -2 => (expected, declared.basis.as_str(), 1.0),
        Some(declared) => {
            // Words that contradict what was declared: believe the words, but accuse nobody on them alone.
            let message = format!(
                "the {} puts the collector on channel {expected}, but the collector's words are on channel {other}: check the channel map",
                declared.basis.as_str()
            );
            problem("roles-contradicted", message);
            (other, "opening-words", 0.7)
        }
        None if lead >= 2 => (expected, "opening-words", 0.95),
        None if lead == 1 => (expected, "opening-words", 0.85),
        None if lead == 0 => {
            problem("roles-assumed", "no words tell the sides apart: channel 0 is assumed to be the collector".into());
            (expected, "default", 0.5)
        }
        None => {
            problem(
                "roles-swapped",
                format!(
                    "the collector's words are on channel {other}, not on channel {expected}: the sides were exchanged"
                ),
            );
            (other, "opening-words", if lead <= -2 { 0.95 } else { 0.85 })
        }
    };
    for segment in segments.iter_mut() {
        segment.speaker = if segment.channel == Some(collector) { Speaker::Collector } else { Speaker::Debtor };
    }
    let role = |channel, speaker| Role { channel: Some(channel), speaker, basis: basis.into(), confidence };
    let mut roles = vec![role(collector, Speaker::Collector), role(1 - collector.min(1), Speaker::Debtor)];
    roles.sort_by_key(|role| role.channel);
    Roles { roles, problems }
}

/// How likely the next segment is another speaker's, in log odds. After a question mostly; after a pause a little more
/// often than not; where the recogniser cut within a sentence, the same person speaks on.
fn change(before: &Segment, after: &Segment) -> f64 {
    const BREATHLESS: Millis = Millis(120);
    if before.text.trim_end().ends_with(['?', '？', '吗', '呢']) {
        1.2
    } else if before.end_ms.until(after.start_ms) >= BREATHLESS {
        0.3
    } else if before.text.trim_end().ends_with(['.', '。', '!', '！']) {
        0.0
    } else {
        -1.5
    }
}

/// What one word that only one side says is worth, in log odds; it counts two votes.
const VOTE: f64 = 2.0;

/// The likeliest run of two speakers (Viterbi over collector and debtor).
fn by_words(segments: &mut [Segment], votes: &Votes) -> Roles {
    if votes.collector == 0 {
        let problem = Problem {
            code: "roles-unknown".into(),
            message: "one channel and no words that tell who is who: nothing is held against anybody".into(),
            at_ms: None,
        };
        let role = Role { channel: None, speaker: Speaker::Unknown, basis: "none".into(), confidence: 0.0 };
        return Roles { roles: vec![role], problems: vec![problem] };
    }
    let worth = |vote: i32| f64::from(vote.clamp(-4, 4)) * VOTE / 2.0;
    let mut best = [worth(votes.by_segment[0]), -worth(votes.by_segment[0])];
    let mut came: Vec<[usize; 2]> = Vec::with_capacity(segments.len());
    for at in 1..segments.len() {
        let change = change(&segments[at - 1], &segments[at]);
        let vote = worth(votes.by_segment[at]);
        let mut next = [0.0; 2];
        let mut from = [0; 2];
        for side in 0..2 {
            let stay = best[side] - change / 2.0;
            let turn = best[1 - side] + change / 2.0;
            from[side] = if turn > stay { 1 - side } else { side };
            next[side] = stay.max(turn) + if side == 0 { vote } else { -vote };
        }
        came.push(from);
        best = next;
    }
    let mut side = usize::from(best[1] > best[0]);
    for at in (0..segments.len()).rev() {
        segments[at].speaker = if side == 0 { Speaker::Collector } else { Speaker::Debtor };
        if at > 0 {
            side = came[at - 1][side];
        }
    }
    let confidence = if votes.collector >= 3 { 0.7 } else { 0.5 };
    let role = |speaker| Role { channel: None, speaker, basis: "words".into(), confidence };
    let problem = Problem {
        code: "roles-guessed".into(),
        message:
            "one channel: who speaks was worked out from the words, so findings are for listening to, not verdicts"
                .into(),
        at_ms: None,
    };
    Roles { roles: vec![role(Speaker::Collector), role(Speaker::Debtor)], problems: vec![problem] }
}
