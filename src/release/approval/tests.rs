//! Signatures of real keys, and of `ssh-keygen` itself.

use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

use super::*;
use crate::bundle::Digest;

/// A public key, the signature that `ssh-keygen -Y sign -n deploy` of OpenSSH 9.2 made with it over
/// [`text`], and its fingerprint by `ssh-keygen -l`. The private key was thrown away.
const OPENSSH_KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIElHp+zq+6wIoMK1Sb5iY99U+5LE1n9TS5XO9Z201kC2";
const OPENSSH_SIGNATURE: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAADMAAAALc3NoLWVkMjU1MTkAAAAgSUen7Or7rAigwrVJvmJj31T7ks
TWf1NLlc71nbTWQLYAAAAGZGVwbG95AAAAAAAAAAZzaGE1MTIAAABTAAAAC3NzaC1lZDI1
NTE5AAAAQEiCAkO4Azta9lo1kcBlekLgZp+gGZrZz4mdbpzx53M/qf5dqKw4ZJ/C3rh8yF
BXZZ1zDy7lLYWSk3b7UnaugwM=
-----END SSH SIGNATURE-----
";
const OPENSSH_FINGERPRINT: &str = "SHA256:Kj/IRfvlI6BcIhfQvPySwG5E1aOxMqxB1cAJVREdPCs";
/// The same of a key on the curve P-256, which is not taken.
const ECDSA_SIGNATURE: &str = "\
-----BEGIN SSH SIGNATURE-----
U1NIU0lHAAAAAQAAAGgAAAATZWNkc2Etc2hhMi1uaXN0cDI1NgAAAAhuaXN0cDI1NgAAAE
EEoeeprnovQpOzKx9/HySfsGi2MlAzjzE4FYdmhW7dn0KUUoQo9My0c8axf2DP3/m8W8Nr
J0GHQ3yTjvDBw3npfwAAAAZkZXBsb3kAAAAAAAAABnNoYTUxMgAAAGMAAAATZWNkc2Etc2
hhMi1uaXN0cDI1NgAAAEgAAAAgGCsVDrri4xGt/hhyZtGNDypW3qzab+4XquNDdfyzwE4A
AAAgFKICSRKZSvEL6ZfNTnoUYhmfOWVpX6xK5g/Wn4b1HOU=
-----END SSH SIGNATURE-----
";

fn text() -> String {
    let digest: Digest = "a".repeat(64).parse().unwrap();
    let from = Source {
        environment: "staging".into(),
        account: "111122223333".into(),
        region: "eu-west-1".into(),
        bucket: "b".into(),
        release: "7-3f2a91bc04de".parse().unwrap(),
        record: digest,
    };
    statement("news", &from, "prod")
}

/// A key that is the same in every run.
fn key(seed: u8) -> PrivateKey {
    Ed25519Keypair::from_seed(&[seed; 32]).into()
}

fn line(person: &str, seed: u8) -> String {
    format!(
        "{person} {}\n",
        key(seed).public_key().to_openssh().unwrap()
    )
}

fn sign(seed: u8, namespace: &str, text: &str) -> String {
    let signature = key(seed).sign(namespace, HashAlg::Sha512, text.as_bytes());
    signature.unwrap().to_pem(LineEnding::LF).unwrap()
}

#[test]
fn the_text_says_what_is_approved_line_by_line() {
    let record = "a".repeat(64);
    assert_eq!(
        text(),
        format!(
            "deploy approval 1\nstack news\nfrom staging\nrelease 7-3f2a91bc04de\nrecord {record}\nto prod\n"
        )
    );
}

#[test]
fn a_signature_of_ssh_keygen_counts() {
    let signers = Signers::read(&format!("# who may\n\nalice {OPENSSH_KEY} alice@mill\n")).unwrap();
    let signed = signers.who(&text(), OPENSSH_SIGNATURE).unwrap();
    assert_eq!(signed.by, "alice");
    assert_eq!(signed.fingerprint, OPENSSH_FINGERPRINT);
}

#[test]
fn only_a_signature_of_this_text_for_this_purpose_by_a_known_key_counts() {
    let signers = Signers::read(&(line("alice", 1) + &line("bob", 2))).unwrap();
    let text = text();
    let who = |signature: &str| signers.who(&text, signature);
    assert_eq!(who(&sign(1, NAMESPACE, &text)).unwrap().by, "alice");
    assert_eq!(who(&sign(2, NAMESPACE, &text)).unwrap().by, "bob");
    let other = text.replace("to prod", "to live");
    assert_eq!(
        who(&sign(1, NAMESPACE, &other)),
        Err(NoSignature::AnotherText)
    );
    assert_eq!(
        who(&sign(1, "git", &text)),
        Err(NoSignature::Namespace("git".into()))
    );
    assert!(matches!(
        who(&sign(3, NAMESPACE, &text)),
        Err(NoSignature::Stranger(key)) if key.starts_with("SHA256:")
    ));
    assert!(matches!(
        who(ECDSA_SIGNATURE),
        Err(NoSignature::Unreadable | NoSignature::Kind(_))
    ));
    for wrong in ["", "text", &text] {
        assert_eq!(who(wrong), Err(NoSignature::Unreadable), "{wrong}");
    }
}

#[test]
fn a_signature_that_was_changed_does_not_count() {
    let signers = Signers::read(&line("alice", 1)).unwrap();
    let good = SshSig::from_pem(sign(1, NAMESPACE, &text())).unwrap();
    let mut bytes = good.signature_bytes().to_vec();
    bytes[0] ^= 1;
    let signature = ssh_key::Signature::new(ssh_key::Algorithm::Ed25519, bytes).unwrap();
    let public = good.public_key().clone();
    let forged = SshSig::new(public, NAMESPACE, good.hash_alg(), signature).unwrap();
    let forged = forged.to_pem(LineEnding::LF).unwrap();
    assert_eq!(signers.who(&text(), &forged), Err(NoSignature::AnotherText));
}

#[test]
fn a_restriction_of_a_signer_is_kept_or_refused() {
    let public = key(1).public_key().to_openssh().unwrap();
    let read = |options: &str| Signers::read(&format!("alice {options} {public}"));
    let signature = sign(1, NAMESPACE, &text());
    for options in ["namespaces=\"deploy\"", "namespaces=\"git,deploy\""] {
        let signers = read(options).unwrap();
        assert!(signers.who(&text(), &signature).is_ok(), "{options}");
    }
    let elsewhere = read("namespaces=\"git\"").unwrap();
    assert!(matches!(
        elsewhere.who(&text(), &signature),
        Err(NoSignature::Stranger(_))
    ));
    for options in ["cert-authority", "valid-before=\"20200101\""] {
        let error = read(options).unwrap_err().to_string();
        assert!(error.contains("is not understood"), "{error}");
    }
}

#[test]
fn a_line_that_is_no_signer_is_told_by_its_number() {
    for (line, why) in [
        ("alice", "none of a name and a key"),
        ("alice ssh-ed25519", "cannot be read"),
        ("alice ssh-ed25519 AAAA", "cannot be read"),
        ("alice nothing here", "there is no key"),
        ("alice ssh-rsa AAAAB3NzaC1yc2E= a", "RUSTSEC-2023-0071"),
        (
            "alice ecdsa-sha2-nistp256 AAAA a",
            "`ecdsa-sha2-nistp256` is not taken",
        ),
        ("* ssh-ed25519 AAAA", "does not name one person"),
        ("a,b ssh-ed25519 AAAA", "does not name one person"),
    ] {
        let error = Signers::read(&format!("# first\n{line}\n")).unwrap_err();
        let error = error.to_string();
        assert!(
            error.starts_with("line 2: ") && error.contains(why),
            "{error}"
        );
    }
}
