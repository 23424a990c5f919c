//! What publishes the binaries, held against what looks for them.

use std::process::Command;

use crate::support::{repository, tools};

/// Reads the workflow as GitHub does, and the manifest as `cargo binstall` does.
const SCRIPT: &str = r#"
import re, sys, tomllib, yaml
root = sys.argv[1]
text = open(root + "/.github/workflows/binaries.yml").read()
flow = yaml.safe_load(text)
assert flow["permissions"] == {}, "no job gets more than it names"
assert flow["jobs"]["build"]["permissions"] == {"contents": "read"}
publish = flow["jobs"]["publish"]
assert publish["permissions"] == {"contents": "write", "id-token": "write", "attestations": "write"}
assert publish["if"] == "github.ref_type == 'tag'" and "checkout" not in str(publish)
for line in re.findall(r"uses: (.*)", text):
    assert re.fullmatch(r"[\w/-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+", line), line
for job in flow["jobs"].values():
    for step in job["steps"]:
        assert "${{" not in step.get("run", ""), step
assert "secrets." not in text

targets = {row["target"] for row in flow["jobs"]["build"]["strategy"]["matrix"]["include"]}
archive = next(step["run"] for step in flow["jobs"]["build"]["steps"] if step.get("name") == "The archive")
assert "name=deploy-$TARGET" in archive and '"dist/$name.tar.gz" "$name"' in archive, archive
wants = tomllib.load(open(root + "/Cargo.toml", "rb"))["package"]["metadata"]["binstall"]
for target in ["x86_64-unknown-linux-gnu", "aarch64-unknown-linux-gnu", *targets]:
    found = wants | wants["overrides"].get(target, {})
    name = found["pkg-url"].rpartition("/")[2].replace("{ target }", target)
    made = {f"deploy-{built}.tar.gz": built for built in targets}
    assert name in made, (target, name)
    folder = found["bin-dir"].replace("{ target }", target).partition("/")[0]
    assert folder == f"deploy-{made[name]}", (target, folder)
"#;

#[test]
fn what_is_published_is_what_is_looked_for() {
    tools::must_succeed(
        Command::new(tools::interpreter("check"))
            .args(["-c", SCRIPT])
            .arg(repository()),
    );
}
