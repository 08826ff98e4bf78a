//! Progress on the error stream: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use fairdial::call::Language;
use fairdial::record::CallRecord;
use indicatif::{ProgressBar, ProgressStyle};

/// What is shown while a batch runs.
pub struct Progress {
    bar: Option<ProgressBar>,
    lines: bool,
    total: usize,
    begun: Instant,
    done: AtomicUsize,
    audio_ms: AtomicU64,
    screen: Language,
}

impl Progress {
    pub fn new(total: usize, silent: bool, screen: Language) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !silent).then(|| {
            let bar = ProgressBar::new(total as u64);
            let template = match screen {
                Language::Mandarin => "{bar:30} {pos}/{len} 通 · {msg} · 剩余约 {eta}",
                Language::English => "{bar:30} {pos}/{len} calls · {msg} · about {eta} left",
            };
            if let Ok(style) = ProgressStyle::with_template(template) {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(250));
            bar
        });
        let lines = !terminal && !silent;
        let (done, audio_ms) = (AtomicUsize::new(0), AtomicU64::new(0));
        Progress { bar, lines, total, begun: Instant::now(), done, audio_ms, screen }
    }

    pub fn done(&self, record: &CallRecord, transcribed: bool) {
        let heard = record.audio.as_ref().map_or(0, |audio| audio.duration_ms.0);
        let heard = if transcribed { heard } else { 0 };
        let audio = self.audio_ms.fetch_add(heard, Ordering::Relaxed) + heard;
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        let message = self.message(audio);
        if let Some(bar) = &self.bar {
            bar.set_message(message);
            bar.inc(1);
        } else if self.lines && (self.total <= 20 || done.is_multiple_of(self.total.div_ceil(20)) || done == self.total)
        {
            let left = self.begun.elapsed().mul_f64((self.total - done) as f64 / done as f64).as_secs();
            crate::show::note(&match self.screen {
                Language::Mandarin => format!("{done}/{} 通，{message}，剩余约 {left} 秒", self.total),
                Language::English => format!("{done}/{} calls, {message}, about {left} s left", self.total),
            });
        }
    }

    fn message(&self, audio_ms: u64) -> String {
        if audio_ms == 0 {
            return match self.screen {
                Language::Mandarin => "无需转写".into(),
                Language::English => "nothing to transcribe".into(),
            };
        }
        let hours = audio_ms as f64 / 3_600_000.0;
        let speed = audio_ms as f64 / 1000.0 / self.begun.elapsed().as_secs_f64().max(0.001);
        match self.screen {
            Language::Mandarin => format!("录音 {hours:.2} 小时，{speed:.0} 倍速"),
            Language::English => format!("{hours:.2} h of audio, {speed:.0}x real time"),
        }
    }

    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
