//! temp
fn main() {
    let args: Vec<String> = std::env::args().collect();
    let paths: Vec<std::path::PathBuf> = args[2..].iter().map(Into::into).collect();
    match args[1].as_str() {
        "test" => match fairdial::policy::Policy::load(&paths) {
            Ok(policy) => {
                let report = policy.test();
                for f in &report.failures { println!("{}\n", f.diagnostic.render()); }
                println!("{} rules, {} examples, {} gaps, {} failures", report.rules, report.examples, report.gaps, report.failures.len());
            }
            Err(e) => println!("{e}"),
        },
        "judge" => {
            let policy = fairdial::policy::Policy::load(&paths[..1]).unwrap();
            for p in &paths[1..] {
                let t = match fairdial::transcript::Transcript::from_json(&std::fs::read(p).unwrap()) { Ok(t)=>t, Err(e)=>{println!("{p:?}: {e}"); continue} };
                let mut call = fairdial::call::Call::new(fairdial::call::CallId::from_text("x"), "x");
                call.agency = t.call.agency.clone(); call.creditor = t.call.creditor.clone(); call.debtor_name = t.call.debtor_name.clone(); call.agent_name = t.call.agent_name.clone(); call.agent_id = t.call.agent_id.clone();
                let lang = t.language.or(t.guess_language()).unwrap();
                let roles = fairdial::policy::Roles::of_labels(&t);
                let j = policy.judge(&t, &call, &roles, lang).unwrap();
                println!("== {} {:?} {}", p.file_name().unwrap().to_string_lossy(), j.verdict, j.score.value);
                for c in &j.checks { println!("  {:28} {:?}  {}", c.id, c.status, c.evidence.iter().map(|e| e.quote.clone()).collect::<Vec<_>>().join(" | ")); }
                for f in &j.findings { println!("  FINDING {:?} {:?} {:?} {} @{} {}", f.category, f.severity, f.confidence, f.rule, f.evidence.segment, f.evidence.quote); }
                for s in &j.suppressed { println!("  suppressed {} {} {:?} @{} {}", s.rule, s.because, s.note, s.evidence.segment, s.evidence.quote); }
                for s in &j.signals { println!("  signal {} {:?} @{} {}", s.id, s.duty, s.evidence.segment, s.evidence.quote); }
            }
        }
        _ => {}
    }
}
