//! Approvals by signature: the text that is signed, and who may sign it.
//!
//! The signatures are those of `ssh-keygen -Y sign`, and who may sign is said in OpenSSH's `allowed_signers`
//! format (ssh-keygen(1), "ALLOWED SIGNERS"). Only Ed25519 keys are taken, those on a security key too: the one
//! implementation of RSA to be had has an open advisory (RUSTSEC-2023-0071).

use ssh_key::authorized_keys::ConfigOpts;
use ssh_key::public::KeyData;
use ssh_key::{HashAlg, PublicKey, SshSig};

use super::provenance::Source;

/// What the signatures are for, so that one made for something else does not count.
pub const NAMESPACE: &str = "deploy";
/// Version of the text that is signed.
const VERSION: u32 = 1;
/// Kinds of keys that are taken, as OpenSSH calls them.
const KINDS: [&str; 2] = ["ssh-ed25519", "sk-ssh-ed25519@openssh.com"];

/// The text that is signed to approve that an environment takes a release over.
pub fn statement(stack: &str, from: &Source, to: &str) -> String {
    let Source {
        environment,
        release,
        record,
        ..
    } = from;
    format!(
        "deploy approval {VERSION}\nstack {stack}\nfrom {environment}\nrelease {release}\nrecord {record}\n\
         to {to}\n"
    )
}

/// Who may sign.
#[derive(Debug)]
pub struct Signers(Vec<Signer>);

#[derive(Debug)]
struct Signer {
    person: String,
    key: PublicKey,
}

/// A signature that counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    /// Who made it.
    pub by: String,
    /// The fingerprint of the key.
    pub fingerprint: String,
}

/// Why a list of who may sign cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {why}")]
pub struct UnusableSigners {
    line: usize,
    why: String,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSignature {
    /// It is none, or none that can be read.
    #[error("it is no signature of `ssh-keygen -Y sign` with an Ed25519 key")]
    Unreadable,
    /// Its key is of a kind that is not taken.
    #[error(
        "its key is of the kind `{0}`; only Ed25519 keys are taken, RSA is not because of RUSTSEC-2023-0071"
    )]
    Kind(String),
    /// It was made for something else.
    #[error("it was made in the namespace `{0}`, not in `{NAMESPACE}`")]
    Namespace(String),
    /// Nobody who may sign has the key.
    #[error("its key {0} is not among those of the signers")]
    Stranger(String),
    /// It does not fit the text.
    #[error("it signs another text; this promotion is not what was approved")]
    AnotherText,
}

impl Signers {
    /// Reads a list of who may sign. A restriction that is not understood is never passed over.
    ///
    /// # Errors
    /// A line is none of a person and a key that is taken.
    pub fn read(text: &str) -> Result<Self, UnusableSigners> {
        let mut signers = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let signer = signer(line).map_err(|why| UnusableSigners {
                line: index + 1,
                why,
            })?;
            signers.extend(signer);
        }
        Ok(Self(signers))
    }

    /// Tells who signed a text.
    ///
    /// # Errors
    /// The signature does not count.
    pub fn who(&self, text: &str, signature: &str) -> Result<Signed, NoSignature> {
        let signature = SshSig::from_pem(signature.trim()).map_err(|_| NoSignature::Unreadable)?;
        let key = signature.public_key();
        if !matches!(key, KeyData::Ed25519(_) | KeyData::SkEd25519(_)) {
            return Err(NoSignature::Kind(key.algorithm().as_str().to_owned()));
        }
        if signature.namespace() != NAMESPACE {
            return Err(NoSignature::Namespace(signature.namespace().to_owned()));
        }
        let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
        let signer = self.0.iter().find(|signer| signer.key.key_data() == key);
        let signer = signer.ok_or_else(|| NoSignature::Stranger(fingerprint.clone()))?;
        let verified = signer.key.verify(NAMESPACE, text.as_bytes(), &signature);
        verified.map_err(|_| NoSignature::AnotherText)?;
        Ok(Signed {
            by: signer.person.clone(),
            fingerprint,
        })
    }
}

/// Reads one line; `None` for a key that is for other namespaces.
fn signer(line: &str) -> Result<Option<Signer>, String> {
    let (person, rest) = line
        .split_once(char::is_whitespace)
        .ok_or("it is none of a name and a key")?;
    if person.contains(['*', '?', '!', '"', ',']) {
        return Err(format!(
            "`{person}` does not name one person, and each counts once"
        ));
    }
    let rest = rest.trim();
    let kind = |word: &str| {
        word.starts_with("ssh-") || word.starts_with("ecdsa-") || word.starts_with("sk-")
    };
    let (options, key) = match rest.split_once(char::is_whitespace) {
        Some((options, key)) if !kind(options) => (options, key.trim()),
        _ => ("", rest),
    };
    let found = key.split_whitespace().next();
    match found {
        Some(found) if KINDS.contains(&found) => {}
        Some(found) if kind(found) => {
            return Err(format!(
                "a key of the kind `{found}` is not taken, only Ed25519; RSA is not because of RUSTSEC-2023-0071"
            ));
        }
        _ => return Err("there is no key after the name and its options".to_owned()),
    }
    let key = PublicKey::from_openssh(key).map_err(|_| "the key cannot be read".to_owned())?;
    let options = ConfigOpts::new(options);
    let options = options.map_err(|_| "its options cannot be read".to_owned())?;
    let mut ours = true;
    for option in options.iter() {
        let Some(namespaces) = option.strip_prefix("namespaces=") else {
            return Err(format!(
                "the option `{option}` is not understood, only `namespaces`"
            ));
        };
        ours &= namespaces
            .trim_matches('"')
            .split(',')
            .any(|name| name == NAMESPACE);
    }
    Ok(ours.then(|| Signer {
        person: person.to_owned(),
        key,
    }))
}

#[cfg(test)]
mod tests;
