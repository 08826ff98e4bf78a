//! Tells the program which processor features its whisper.cpp was built for, so that it can say so in words on a
//! machine that lacks them, rather than die of an illegal instruction.

#![expect(clippy::disallowed_methods, reason = "a build script is told everything through the environment")]

fn main() {
    for name in ["GGML_NATIVE", "GGML_AVX2", "GGML_FMA", "GGML_F16C", "GGML_BMI2"] {
        println!("cargo:rerun-if-env-changed={name}");
    }
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=lexicons");
    println!("cargo:rustc-env=FAIRDIAL_CPU_NEEDS={}", needs().join(" "));
}

fn on(name: &str, default: bool) -> bool {
    std::env::var(name)
        .map_or(default, |value| !matches!(value.to_ascii_uppercase().as_str(), "OFF" | "0" | "FALSE" | "NO"))
}

/// Features ggml compiles in: a fixed set, or with `GGML_NATIVE` whatever this machine has.
fn needs() -> Vec<&'static str> {
    if std::env::var("CARGO_CFG_TARGET_ARCH").as_deref() != Ok("x86_64") {
        return Vec::new();
    }
    if on("GGML_NATIVE", true) {
        return native();
    }
    [("GGML_AVX2", "avx2"), ("GGML_FMA", "fma"), ("GGML_F16C", "f16c"), ("GGML_BMI2", "bmi2")]
        .into_iter()
        .filter(|(switch, _)| on(switch, true))
        .map(|(_, feature)| feature)
        .collect()
}

#[cfg(target_arch = "x86_64")]
fn native() -> Vec<&'static str> {
    let mut features = Vec::new();
    macro_rules! have {
        ($($feature:tt)*) => {$(
            if std::is_x86_feature_detected!($feature) {
                features.push($feature);
            }
        )*};
    }
    have!("avx2" "fma" "f16c" "bmi2" "avx512f" "avx512cd" "avx512bw" "avx512dq" "avx512vl" "avx512vbmi" "avx512vnni" "avx512bf16");
    features
}

#[cfg(not(target_arch = "x86_64"))]
fn native() -> Vec<&'static str> {
    Vec::new()
}
