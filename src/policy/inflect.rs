//! Inflection: the regular forms of an English word.
//!
//! Comes in: the word before a `+` in a phrase. Goes out: its forms. Only this file knows that "sue" makes "suing".

/// The regular forms of an English word: threaten, threatens, threatened, threatening; sue, sues, sued, suing.
pub(super) fn inflections(stem: &str) -> Vec<String> {
    let mut forms = vec![stem.to_string()];
    let vowel = |c: char| matches!(c, 'a' | 'e' | 'i' | 'o' | 'u');
    let letters: Vec<char> = stem.chars().collect();
    let last = letters[letters.len() - 1];
    let before = letters[letters.len() - 2];
    if last == 'e' {
        let root = &stem[..stem.len() - 1];
        forms.extend([format!("{stem}s"), format!("{stem}d"), format!("{root}ing"), format!("{stem}ing")]);
    } else if last == 'y' && !vowel(before) {
        let root = &stem[..stem.len() - 1];
        forms.extend([format!("{root}ies"), format!("{root}ied"), format!("{stem}ing")]);
    } else {
        let hisses = matches!(last, 's' | 'x' | 'z') || stem.ends_with("ch") || stem.ends_with("sh");
        forms.push(if hisses { format!("{stem}es") } else { format!("{stem}s") });
        forms.extend([format!("{stem}ed"), format!("{stem}ing")]);
        if !vowel(last) && vowel(before) && !matches!(last, 'w' | 'x' | 'y') {
            forms.extend([format!("{stem}{last}ed"), format!("{stem}{last}ing")]);
        }
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::inflections;

    #[test]
    fn regular_forms_are_all_there() {
        for (stem, form) in
            [("sue", "suing"), ("threaten", "threatened"), ("carry", "carries"), ("stop", "stopping"), ("tax", "taxes")]
        {
            assert!(inflections(stem).contains(&form.to_string()), "{stem}: {:?}", inflections(stem));
        }
    }
}
