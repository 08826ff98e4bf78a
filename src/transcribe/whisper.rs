//! whisper.cpp, through whisper-rs: the only file that names it.
//!
//! Comes in: a decoded recording. Goes out: its words. Only this file knows the binding's traps (0.16 over whisper.cpp
//! 1.8.3): its VAD switch does nothing, so speech is found before (`audio::speech_spans`); its safe segment callback
//! drops text that isn't UTF-8, so tokens are read after the run, as bytes; its times are hundredths of a second; very
//! short audio is padded to a second; nothing is ever put into the prompt.

use std::path::Path;
use std::sync::Arc;

use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperState};

use super::believe::{Quality, doubt};
use super::pieces::{Cutting, Piece, cut};
use super::words::{Token, spoken};
use super::{Engine, LanguageChoice, Recognizer, TranscribeError};
use crate::audio::{Pcm, Track, VadSettings, speech_spans};
use crate::call::{Call, Language, Millis, Speaker};
use crate::transcript::{Discarded, Heard, Problem, Segment, Sound, Transcript};

/// Where a model's bytes are.
pub enum ModelSource<'a> {
    /// A file, checked before by `models::check_ggml`.
    File(&'a Path),
    /// Bytes in the program.
    Embedded(&'static [u8]),
}

/// How to listen.
#[derive(Clone, Copy, Debug)]
pub struct WhisperSettings {
    /// The language.
    pub language: LanguageChoice,
    /// Threads of one recogniser. One is best when every core has a recogniser of its own.
    pub threads: usize,
    /// The longest stretch listened to at once, in milliseconds.
    pub longest_piece_ms: u64,
    /// Whether the encoder looks only at the piece (`audio_ctx`), not at a whole 30 s window. Nine times faster for short
    /// pieces; models trained on full windows hear worse with it.
    pub fit_window: bool,
    /// Whether an unsure piece is tried again at a higher temperature.
    pub fallback: bool,
    /// Whether to use a GPU when the program was built with one.
    pub gpu: bool,
}

impl WhisperSettings {
    /// For Whisper models: pieces just short of the 30 s window.
    pub fn usual() -> WhisperSettings {
        WhisperSettings {
            language: LanguageChoice::Auto,
            threads: 1,
            longest_piece_ms: 28_000,
            fit_window: false,
            fallback: true,
            gpu: true,
        }
    }

    /// For the demo model: it was trained on short utterances and repeats itself over long ones.
    pub fn demo() -> WhisperSettings {
        WhisperSettings { longest_piece_ms: 6_000, fit_window: true, fallback: false, ..WhisperSettings::usual() }
    }

    fn join_ms(&self) -> u64 {
        if self.longest_piece_ms > 10_000 { 1_500 } else { 250 }
    }

    fn line(&self) -> String {
        format!(
            "language={} pieces<={}ms join<={}ms fit={} fallback={} vad=earshot whisper.cpp=1.8.3 words=1",
            self.language.code(),
            self.longest_piece_ms,
            self.join_ms(),
            self.fit_window,
            self.fallback
        )
    }
}

/// A loaded model, shared by all recognisers made from it.
#[derive(Clone)]
pub struct WhisperModel {
    context: Arc<WhisperContext>,
    engine: Engine,
    settings: WhisperSettings,
}

/// The model could not be loaded.
#[derive(Debug, thiserror::Error)]
#[error("load the speech model '{model}': {message}")]
pub struct LoadError {
    model: String,
    message: String,
}

impl WhisperModel {
    /// What a model will be once it is loaded: enough to look for its transcripts.
    pub fn describe(name: &str, fingerprint: &str, notice: Option<String>, settings: &WhisperSettings) -> Engine {
        Engine { model: name.into(), fingerprint: fingerprint.into(), settings: settings.line(), notice }
    }

    /// Loads a model.
    ///
    /// # Errors
    /// When whisper.cpp refuses it or memory is short.
    pub fn load(source: ModelSource<'_>, engine: Engine, settings: WhisperSettings) -> Result<WhisperModel, LoadError> {
        whisper_rs::install_logging_hooks();
        let mut parameters = WhisperContextParameters::default();
        parameters.use_gpu(settings.gpu && cfg!(any(feature = "cuda", feature = "metal", feature = "vulkan")));
        let context = match source {
            ModelSource::File(path) => WhisperContext::new_with_params(path, parameters),
            ModelSource::Embedded(bytes) => WhisperContext::new_from_buffer_with_params(bytes, parameters),
        };
        let context = context.map_err(|error| LoadError { model: engine.model.clone(), message: error.to_string() })?;
        Ok(WhisperModel { context: Arc::new(context), engine, settings })
    }

    /// What it is.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }

    /// A recogniser over this model: its own state, the shared weights.
    ///
    /// # Errors
    /// When memory is short.
    pub fn recognizer(&self) -> Result<Whisper, LoadError> {
        let state = self.context.create_state();
        let state =
            state.map_err(|error| LoadError { model: self.engine.model.clone(), message: error.to_string() })?;
        Ok(Whisper { model: self.clone(), state })
    }
}

/// One recogniser.
pub struct Whisper {
    model: WhisperModel,
    state: WhisperState,
}

/// One second, and a little: whisper.cpp reads past the end of shorter input (fixed in 1.9.3).
const LEAST_SAMPLES: usize = 17_600;
/// How much speech the language is found out from, at most.
const LANGUAGE_PIECES: usize = 4;

impl Recognizer for Whisper {
    fn transcribe(&mut self, call: &Call, pcm: &Pcm) -> Result<Transcript, TranscribeError> {
        let cutting =
            Cutting { longest_ms: self.model.settings.longest_piece_ms, join_ms: self.model.settings.join_ms() };
        let mut pieces: Vec<(u16, Piece)> = Vec::new();
        let mut speech_ms = Vec::new();
        for (channel, track) in pcm.tracks.iter().enumerate() {
            let spans = speech_spans(track, &VadSettings::default());
            speech_ms.push(Millis(spans.iter().map(|span| span.end_ms - span.start_ms).sum()));
            let channel = u16::try_from(channel).unwrap_or(u16::MAX);
            pieces.extend(cut(track, &spans, cutting).into_iter().map(|piece| (channel, piece)));
        }
        let language = match self.model.settings.language {
            LanguageChoice::Is(language) => Some(language),
            LanguageChoice::Auto => self.detect(pcm, &pieces)?,
        };
        let mut transcript = Transcript::new(Vec::new(), language);
        if let Some(language) = language {
            for (channel, piece) in &pieces {
                self.listen(&pcm.tracks[usize::from(*channel)], *channel, *piece, language, &mut transcript)?;
            }
        }
        // One channel for both sides: no channel to tell them by.
        if pcm.tracks.len() == 1 {
            transcript.segments.iter_mut().for_each(|segment| segment.channel = None);
        }
        transcript.segments.sort_by_key(|segment| (segment.start_ms, segment.channel));
        transcript.sound = Some(sound(pcm, speech_ms));
        transcript.heard = Some(Heard {
            audio_sha256: call.sha256.clone().unwrap_or_default(),
            model: self.model.engine.model.clone(),
            model_fingerprint: self.model.engine.fingerprint.clone(),
            settings: self.model.engine.settings.clone(),
        });
        Ok(transcript)
    }

    fn engine(&self) -> &Engine {
        &self.model.engine
    }
}

fn sound(pcm: &Pcm, speech_ms: Vec<Millis>) -> Sound {
    let problem = |problem: &crate::audio::AudioProblem| Problem {
        code: problem.code.clone(),
        message: problem.message.clone(),
        at_ms: problem.at_ms.map(Millis),
    };
    Sound {
        duration_ms: Millis(pcm.duration_ms),
        channels: pcm.channels,
        sample_rate_hz: pcm.sample_rate_hz,
        codec: pcm.codec.clone(),
        speech_ms,
        problems: pcm.problems.iter().map(problem).collect(),
    }
}

impl Whisper {
    fn fail(&self, piece: Piece, message: impl ToString) -> TranscribeError {
        TranscribeError::Model {
            model: self.model.engine.model.clone(),
            at: Millis(piece.start),
            message: message.to_string(),
        }
    }

    /// Mandarin or English, by the summed log probability over the longest pieces; `None` without speech.
    fn detect(&mut self, pcm: &Pcm, pieces: &[(u16, Piece)]) -> Result<Option<Language>, TranscribeError> {
        let mut longest: Vec<&(u16, Piece)> = pieces.iter().collect();
        longest.sort_by_key(|(channel, piece)| (u64::MAX - (piece.end - piece.start), *channel, piece.start));
        if self.model.settings.fit_window && !pieces.is_empty() {
            self.reset_window()?;
        }
        let mut lead = 0.0;
        for (channel, piece) in longest.iter().take(LANGUAGE_PIECES) {
            let samples = samples(&pcm.tracks[usize::from(*channel)], *piece);
            let threads = self.model.settings.threads.max(1);
            self.state.pcm_to_mel(&samples, threads).map_err(|error| self.fail(*piece, error))?;
            let (_, probabilities) = self.state.lang_detect(0, threads).map_err(|error| self.fail(*piece, error))?;
            let of = |code: &str| {
                let id = whisper_rs::get_lang_id(code).and_then(|id| usize::try_from(id).ok());
                f64::from(id.and_then(|id| probabilities.get(id)).copied().unwrap_or(0.0)).max(1e-6)
            };
            lead += of("zh").ln() - of("en").ln();
        }
        if pieces.is_empty() {
            return Ok(None);
        }
        Ok(Some(if lead > 0.0 { Language::Mandarin } else { Language::English }))
    }

    /// Language detection looks through the window that the last run left behind. So that a call's language doesn't
    /// depend on the call before it, a second of silence leaves the longest one.
    fn reset_window(&mut self) -> Result<(), TranscribeError> {
        let longest = usize::try_from(self.model.settings.longest_piece_ms).unwrap_or(0) * 16;
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(i32::try_from(self.model.settings.threads.max(1)).unwrap_or(1));
        params.set_language(Some("zh"));
        params.set_audio_ctx(window(longest));
        params.set_temperature_inc(0.0);
        params.set_print_progress(false);
        let silence = vec![0.0; LEAST_SAMPLES];
        self.state.full(params, &silence).map_err(|error| self.fail(Piece { start: 0, end: 0 }, error))
    }

    fn listen(
        &mut self,
        track: &Track,
        channel: u16,
        piece: Piece,
        language: Language,
        transcript: &mut Transcript,
    ) -> Result<(), TranscribeError> {
        let samples = samples(track, piece);
        let settings = self.model.settings;
        let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
        params.set_n_threads(i32::try_from(settings.threads.max(1)).unwrap_or(1));
        params.set_language(Some(language.code()));
        params.set_translate(false);
        params.set_no_context(true);
        params.set_n_max_text_ctx(0);
        params.set_token_timestamps(true);
        if settings.fit_window {
            params.set_audio_ctx(window(samples.len()));
        }
        params.set_suppress_nst(true);
        params.set_temperature_inc(if settings.fallback { 0.4 } else { 0.0 });
        params.set_print_progress(false);
        params.set_print_realtime(false);
        params.set_print_special(false);
        params.set_print_timestamps(false);
        self.state.full(params, &samples).map_err(|error| self.fail(piece, error))?;
        for segment in self.state.as_iter() {
            let bound = |ticks: i64| Millis((piece.start + millis_from_ticks(ticks)).min(piece.end));
            let eot = self.model.context.token_eot();
            let tokens: Vec<Token> = (0..segment.n_tokens())
                .filter_map(|index| segment.get_token(index))
                .filter(|token| token.token_id() < eot)
                .filter_map(|token| {
                    let data = token.token_data();
                    let bytes = token.to_bytes().ok()?.to_vec();
                    Some(Token { bytes, start: bound(data.t0), end: bound(data.t1), probability: f64::from(data.p) })
                })
                .collect();
            let said = spoken(&tokens);
            let (start_ms, end_ms) = (bound(segment.start_timestamp()), bound(segment.end_timestamp()));
            let quality = Quality {
                text: &said.text,
                confidence: said.confidence,
                no_speech: f64::from(segment.no_speech_probability()),
                length_ms: start_ms.until(end_ms).0,
            };
            match doubt(&quality) {
                Some(_) if said.text.is_empty() => {}
                Some(because) => transcript.discarded.push(Discarded {
                    because: because.into(),
                    start_ms,
                    end_ms,
                    channel: Some(channel),
                    text: said.text,
                }),
                None => transcript.segments.push(Segment {
                    speaker: Speaker::Unknown,
                    start_ms,
                    end_ms: end_ms.max(start_ms),
                    text: said.text,
                    channel: Some(channel),
                    confidence: Some(said.confidence),
                    words: said.words,
                }),
            }
        }
        Ok(())
    }
}

fn samples(track: &Track, piece: Piece) -> Vec<f32> {
    let mut samples = track.piece(piece.start, piece.end);
    if samples.len() < LEAST_SAMPLES {
        samples.resize(LEAST_SAMPLES, 0.0);
    }
    samples
}

/// The encoder positions (20 ms each) that cover so many samples and half a second more, in eights.
fn window(samples: usize) -> i32 {
    let positions = (samples + 8_000).div_ceil(320).next_multiple_of(8);
    i32::try_from(positions.min(1_500)).unwrap_or(1_500)
}

/// whisper.cpp counts time in hundredths of a second; before a piece's start it may say −1.
fn millis_from_ticks(ticks: i64) -> u64 {
    u64::try_from(ticks).unwrap_or(0) * 10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_hundredths_of_a_second() {
        assert_eq!(millis_from_ticks(123), 1_230);
        assert_eq!(millis_from_ticks(-1), 0);
    }
}
