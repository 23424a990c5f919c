//! What the name of an instance type says about it.

/// The processor that a container image must be made for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::stack) enum Processor {
    /// A general one.
    Cpu,
    /// An NVIDIA GPU.
    Gpu,
    /// AWS's own accelerators (Inferentia, Trainium), which need containers of their own.
    Neuron,
}

impl Processor {
    /// The word for it in the table of images.
    pub(in crate::stack) const fn word(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Neuron => "neuron",
        }
    }
}

/// Whether a text has the form of a SageMaker instance type, such as `ml.g4dn.xlarge`.
pub(in crate::stack) fn is_instance_type(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let word = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
            && part
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
    };
    matches!(parts.as_slice(), ["ml", family, size] if word(family) && word(size))
}

/// The processor of an instance type, by its family.
pub(in crate::stack) fn processor(instance: &str) -> Processor {
    let family = instance.trim_start_matches("ml.");
    if family.starts_with("inf") || family.starts_with("trn") {
        return Processor::Neuron;
    }
    let mut letters = family.chars();
    let gpu = matches!(letters.next(), Some('g' | 'p'))
        && letters.next().is_some_and(|c| c.is_ascii_digit());
    if gpu { Processor::Gpu } else { Processor::Cpu }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_family_tells_the_processor() {
        for (instance, expected) in [
            ("ml.g4dn.xlarge", Processor::Gpu),
            ("ml.p4d.24xlarge", Processor::Gpu),
            ("ml.m5.large", Processor::Cpu),
            ("ml.inf2.xlarge", Processor::Neuron),
        ] {
            assert!(is_instance_type(instance));
            assert_eq!(processor(instance), expected, "{instance}");
        }
        for text in ["m5.large", "ml.m5", "ml.m5.large.x", "ml.M5.large", ""] {
            assert!(!is_instance_type(text), "{text}");
        }
    }
}
