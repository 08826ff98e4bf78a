//! One audio track of a container: its decoder, its clock and what it promises.
//!
//! In: packets. Out: samples, losses and clock positions for the [`Session`]. Only this file knows
//! which codecs symphonia names but cannot decode, or decodes wrongly.

use symphonia::core::codecs::audio::well_known as id;
use symphonia::core::codecs::audio::{AudioCodecParameters, AudioDecoder, AudioDecoderOptions};
use symphonia::core::errors::Error;
use symphonia::core::formats::{FormatReader, TrackType};
use symphonia::core::packet::Packet;
use symphonia::core::units::TimeBase;

use super::collect::check_shape;
use super::error::AudioFault;
use super::native::{NativeFault, codecs};
use super::session::Session;

/// symphonia 0.6.1 decodes 32-bit FLAC to garbage without saying so (its side channel has 33 bits).
const MAX_FLAC_BITS: u32 = 24;

/// The track being decoded and its clock.
pub(crate) struct Playing {
    id: u32,
    decoder: Box<dyn AudioDecoder>,
    time_base: Option<TimeBase>,
    promised_ms: Option<u64>,
    /// Container time and session time that belong together.
    origin: Option<(i128, u64)>,
}

impl Playing {
    /// Picks the default audio track and makes its decoder.
    ///
    /// # Errors
    /// See [`NativeFault`].
    pub(crate) fn choose(format: &dyn FormatReader, max_channels: u16) -> Result<Self, NativeFault> {
        let container = format.format_info().short_name;
        let Some(track) = format.default_track(TrackType::Audio) else {
            return Err(NativeFault::Foreign(format!("unknown (in {container})")));
        };
        let Some(params) = track.codec_params.as_ref().and_then(|p| p.audio()) else {
            return Err(NativeFault::Foreign(format!("unknown (in {container})")));
        };
        check_params(params, max_channels)?;
        if params.codec == id::CODEC_ID_FLAC && params.bits_per_sample > Some(MAX_FLAC_BITS) {
            return Err(NativeFault::Foreign("flac (32-bit)".to_string()));
        }
        let decoder =
            codecs().make_audio_decoder(params, &AudioDecoderOptions::default().verify(true)).map_err(|error| {
                match error {
                    Error::DecodeError(why) => NativeFault::Unreadable(why),
                    _ => NativeFault::Foreign(foreign_name(params, container)),
                }
            })?;
        let time_base = track.time_base;
        let promised_ms = match (track.num_frames, params.sample_rate) {
            (Some(frames), Some(rate)) if rate > 0 => u64::try_from(u128::from(frames) * 1000 / u128::from(rate)).ok(),
            _ => None,
        };
        Ok(Self { id: track.id, decoder, time_base, promised_ms, origin: None })
    }

    /// Decodes one packet of this track into the session.
    ///
    /// # Errors
    /// As [`Session::take`].
    pub(crate) fn play(&mut self, packet: &Packet, session: &mut Session) -> Result<(), AudioFault> {
        let start = self.ms(i128::from(packet.pts.get()) + i128::from(packet.trim_start.get()));
        if let Some(start) = start {
            let (zero, offset) = *self.origin.get_or_insert((start, session.at_ms()));
            if let Ok(since) = u64::try_from(start - zero) {
                session.align(since.saturating_add(offset))?;
            }
        }
        match self.decoder.decode(packet) {
            Ok(buffer) => session.take(&buffer),
            Err(error) => {
                let ms = self.ms(i128::from(packet.dur.get())).unwrap_or(0);
                session.lose(&error.to_string(), u64::try_from(ms).unwrap_or(0))
            }
        }
    }

    /// The container's number of the track.
    pub(crate) fn id(&self) -> u32 {
        self.id
    }

    /// ffmpeg's name of the codec.
    pub(crate) fn codec(&self) -> String {
        self.decoder.codec_info().short_name.to_string()
    }

    /// Length the container promises, in milliseconds.
    pub(crate) fn promised_ms(&self) -> Option<u64> {
        self.promised_ms
    }

    /// The stream carries a checksum of its samples (FLAC does) and it does not match.
    pub(crate) fn is_corrupt(&mut self) -> bool {
        self.decoder.finalize().verify_ok == Some(false)
    }

    /// Container time units as milliseconds.
    fn ms(&self, units: i128) -> Option<i128> {
        let base = self.time_base?;
        let scaled = units.checked_mul(1000)? * i128::from(base.numer.get());
        Some(scaled / i128::from(base.denom.get()))
    }
}

/// Refuses impossible shapes before the first packet, so that a header alone is enough to say so.
fn check_params(params: &AudioCodecParameters, max_channels: u16) -> Result<(), AudioFault> {
    match (params.sample_rate, &params.channels) {
        (Some(rate), Some(channels)) => check_shape(rate, channels.count() as u32, max_channels),
        (Some(rate), None) => check_shape(rate, 1, max_channels),
        _ => Ok(()),
    }
}

/// ffmpeg's name of a codec symphonia can name but not decode.
fn foreign_name(params: &AudioCodecParameters, container: &str) -> String {
    let name = match params.codec {
        id::CODEC_ID_ALAC => "alac",
        id::CODEC_ID_AC3 => "ac3",
        id::CODEC_ID_EAC3 => "eac3",
        id::CODEC_ID_DCA => "dts",
        id::CODEC_ID_SPEEX => "speex",
        id::CODEC_ID_MP1 => "mp1",
        id::CODEC_ID_MP2 => "mp2",
        id::CODEC_ID_OPUS => "opus",
        id::CODEC_ID_AAC => "aac",
        id::CODEC_ID_WAVPACK => "wavpack",
        _ => return format!("unknown (in {container})"),
    };
    name.to_string()
}
