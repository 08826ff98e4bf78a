//! Containers and codecs read in this process, by symphonia and libopus.
//!
//! In: a seekable source of bytes. Out: [`Decoded`], or the name of a codec only ffmpeg knows.
//! Only this file knows symphonia's probing, its packet loop and its errors.

use std::cell::Cell;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Once, OnceLock};

use symphonia::core::codecs::registry::CodecRegistry;
use symphonia::core::errors::Error;
use symphonia::core::formats::FormatOptions;
use symphonia::core::formats::probe::Hint;
use symphonia::core::io::{MediaSource, MediaSourceStream};
use symphonia::core::meta::MetadataOptions;
use symphonia_adapter_libopus::OpusDecoder;

use super::error::AudioFault;
use super::playing::Playing;
use super::problem::AudioProblem;
use super::session::{Decoded, Session};

/// Why the native reader gave a file back.
pub(crate) enum NativeFault {
    /// The container is fine, the codec is not ours.
    Foreign(String),
    /// symphonia found no container or could not read its header.
    Unreadable(&'static str),
    /// A fault that no other reader would see differently.
    Fault(AudioFault),
}

impl From<AudioFault> for NativeFault {
    fn from(fault: AudioFault) -> Self {
        Self::Fault(fault)
    }
}

/// A chained stream that starts anew more often than this is broken.
const MAX_RESETS: u32 = 1_000;
/// Packets in a row without any sound; beyond this the reader is going in circles.
const MAX_IDLE_PACKETS: u32 = 200_000;
/// A promised length is believed to be missing from this many milliseconds on: encoders round up
/// to whole packets and count their own delay differently.
const SHORT_MS: u64 = 250;

/// Every decoder there is: symphonia's own and libopus.
pub(crate) fn codecs() -> &'static CodecRegistry {
    static CODECS: OnceLock<CodecRegistry> = OnceLock::new();
    CODECS.get_or_init(|| {
        let mut registry = CodecRegistry::new();
        symphonia::default::register_enabled_codecs(&mut registry);
        registry.register_audio_decoder::<OpusDecoder>();
        registry
    })
}

/// Decodes whatever symphonia recognises.
///
/// `length_is_exact` says that a promised length was counted by the encoder and not estimated
/// from the bit rate.
pub(crate) fn decode_native(
    source: Box<dyn MediaSource>,
    max_channels: u16,
    length_is_exact: bool,
) -> Result<Decoded, NativeFault> {
    let mut session = Session::new(max_channels, "unknown");
    guarded(&mut session, |session| run(source, session, max_channels, length_is_exact))?;
    Ok(session.finish()?)
}

/// Runs a decoder so that a panic inside of it costs the rest of this file and nothing else.
pub(crate) fn guarded<E>(session: &mut Session, work: impl FnOnce(&mut Session) -> Result<(), E>) -> Result<(), E> {
    quiet_hook();
    let outer = GUARDED.replace(true);
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut *session)));
    GUARDED.set(outer);
    outcome.unwrap_or_else(|_| {
        session.break_off("the decoder gave up on malformed data");
        Ok(())
    })
}

thread_local! {
    /// True while this thread is inside of [`guarded`].
    static GUARDED: Cell<bool> = const { Cell::new(false) };
}

/// Keeps the backtrace of a caught panic off the user's terminal. All other panics are reported by
/// whatever hook was there before.
fn quiet_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !GUARDED.try_with(Cell::get).unwrap_or(false) {
                before(info);
            }
        }));
    });
}

fn run(
    source: Box<dyn MediaSource>,
    session: &mut Session,
    max_channels: u16,
    length_is_exact: bool,
) -> Result<(), NativeFault> {
    let stream = MediaSourceStream::new(source, Default::default());
    let mut format = symphonia::default::get_probe()
        .probe(&Hint::new(), stream, FormatOptions::default(), MetadataOptions::default())
        .map_err(|error| match error {
            Error::IoError(io) if io.kind() != ErrorKind::UnexpectedEof => NativeFault::Fault(AudioFault::io(&io)),
            Error::DecodeError(why) | Error::Unsupported(why) => NativeFault::Unreadable(why),
            _ => NativeFault::Unreadable("it breaks off or names a length beyond the end of the file"),
        })?;

    let mut playing = Playing::choose(format.as_ref(), max_channels)?;
    session.codec = playing.codec();
    let promised_ms = playing.promised_ms();
    let (mut resets, mut idle) = (0, 0);
    let mut whole = false;
    loop {
        let packet = match format.next_packet() {
            Ok(Some(packet)) => packet,
            Ok(None) => {
                whole = true;
                break;
            }
            Err(Error::ResetRequired) if resets < MAX_RESETS => {
                resets += 1;
                playing = Playing::choose(format.as_ref(), max_channels)?;
                continue;
            }
            Err(Error::IoError(error)) if error.kind() == ErrorKind::UnexpectedEof => {
                whole = true;
                session.note(AudioProblem::truncated(session.at_ms(), promised_ms));
                break;
            }
            Err(error) => {
                session.break_off(&error.to_string());
                break;
            }
        };
        if packet.track_id != playing.id() {
            continue;
        }
        let before = session.at_ms();
        playing.play(&packet, session)?;
        idle = if session.at_ms() > before { 0 } else { idle + 1 };
        if idle > MAX_IDLE_PACKETS {
            session.break_off("the container goes round in circles");
            break;
        }
    }
    let sound = whole && resets == 0 && session.is_clean();
    if sound && playing.is_corrupt() {
        session.note(AudioProblem::checksum());
    }
    if let Some(promised) = promised_ms.filter(|_| whole && length_is_exact && resets == 0) {
        let at = session.at_ms();
        let cut_off = at > 0 && at + SHORT_MS < promised;
        if cut_off && !session.is_noted("truncated") {
            session.note(AudioProblem::truncated(at, Some(promised)));
        }
    }
    Ok(())
}
