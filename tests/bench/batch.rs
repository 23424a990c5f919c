//! Prepares headlines for a batch job and joins made-up answers with them, by the product's own code, and
//! prints how long that takes, how much of it was computing, and how much memory the process ever had:
//! `cargo run --release --example batch`.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context, Result};
use clap::Parser;
use deploy::batch::{
    InputFile, Joiner, Options, Part, Prepared, Shape, Shard, WrongLines, prepare,
};
use serde_json::{Value, json};

/// The sample of the UCI News Aggregator data set that the headlines are taken from, again and again.
const SAMPLE: &str = "stacks/news-classifier/data/headlines.csv";

/// An answer of the reference model.
const ANSWER: &str = r#"{"predicted_label": "Business", "probabilities": [[0.9731587171554565, 0.011063799262046814, 0.00857818778604269, 0.007199332118034363]], "scores": {"Business": 0.9731587171554565, "Science": 0.011063799262046814, "Entertainment": 0.00857818778604269, "Health": 0.007199332118034363}}"#;

/// Prepares and joins headlines.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many
    #[arg(long, default_value_t = 1_000_000)]
    headlines: usize,
    /// Instances that share the work
    #[arg(long, default_value_t = 2)]
    instances: u32,
}

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let folder = tempfile::tempdir()?;
    let input = write_input(folder.path(), arguments.headlines)?;
    let size = fs::metadata(&input.path)?.len();
    let shards = folder.path().join("shards");
    fs::create_dir(&shards)?;
    let options = Options {
        column: None,
        wrong_lines: WrongLines::Refuse,
        instances: arguments.instances,
    };

    let watch = Watch::start()?;
    let prepared = prepare(&[input], &options, &shards)?;
    let preparing = watch.stop()?;
    let answers = write_answers(&prepared, folder.path())?;
    let mut joining = Vec::new();
    for shape in [Shape::JsonLines, Shape::Csv] {
        let path = folder.path().join("results");
        let watch = Watch::start()?;
        let mut joiner = Joiner::new(&path, shape)?;
        for (shard, answers) in prepared.shards.iter().zip(&answers) {
            joiner.add(&part(shard, answers))?;
        }
        let tally = joiner.finish()?;
        joining.push(json!({
            "shape": shape.extension(),
            "took": watch.stop()?,
            "answered": tally.answered,
            "bytes": fs::metadata(&path)?.len(),
        }));
    }
    print(&json!({
        "texts": prepared.texts,
        "input_bytes": size,
        "request_bytes": prepared.bytes,
        "shards": prepared.shards.len(),
        "prepare": preparing,
        "join": joining,
        "peak_rss_mib": peak()?,
    }));
    Ok(())
}

/// How long something takes.
struct Watch {
    began: Instant,
    cpu: f64,
}

impl Watch {
    fn start() -> Result<Self> {
        Ok(Self {
            cpu: cpu()?,
            began: Instant::now(),
        })
    }

    /// The time by the clock and that of the processor, in seconds, and the most memory so far.
    fn stop(self) -> Result<Value> {
        Ok(json!({
            "seconds": self.began.elapsed().as_secs_f64(),
            "cpu_seconds": cpu()? - self.cpu,
            "peak_rss_mib": peak()?,
        }))
    }
}

/// The processor's time that this process has had, in seconds.
fn cpu() -> Result<f64> {
    const TICKS_A_SECOND: f64 = 100.0;
    let stat = fs::read_to_string("/proc/self/stat")?;
    // See proc_pid_stat(5): after the name in parentheses come the 3rd field and those that follow.
    let fields = stat
        .rsplit_once(')')
        .map(|(_, rest)| rest.split_whitespace());
    let ticks = fields.into_iter().flatten().skip(11).take(2);
    let ticks = ticks.map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    Ok(ticks.iter().sum::<f64>() / TICKS_A_SECOND)
}

/// Writes a table of headlines with ids.
fn write_input(folder: &Path, count: usize) -> Result<InputFile> {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join(SAMPLE);
    let sample = fs::read_to_string(&sample).with_context(|| format!("cannot read {SAMPLE}"))?;
    let titles = sample.lines().filter_map(|row| row.split('\t').nth(1));
    let path = folder.join("headlines.csv");
    let mut file = BufWriter::new(File::create(&path)?);
    writeln!(file, "id,headline")?;
    for (number, title) in titles.cycle().take(count).enumerate() {
        writeln!(file, "h{number},\"{}\"", title.replace('"', "\"\""))?;
    }
    file.flush()?;
    Ok(InputFile {
        name: "headlines.csv".to_owned(),
        path,
    })
}

/// Writes an answer for every request.
fn write_answers(prepared: &Prepared, folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    for shard in &prepared.shards {
        let path = folder.join(format!("{}.out", shard.name));
        let mut file = BufWriter::new(File::create(&path)?);
        for line in BufReader::new(File::open(&shard.requests.path)?).lines() {
            line?;
            writeln!(file, "{ANSWER}")?;
        }
        file.flush()?;
        paths.push(path);
    }
    Ok(paths)
}

fn part(shard: &Shard, answers: &Path) -> Part {
    Part {
        name: shard.name.clone(),
        requests: shard.requests.path.clone(),
        index: shard.index.path.clone(),
        answers: Ok(answers.to_owned()),
    }
}

/// The most memory that this process ever had, in MiB.
fn peak() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next());
    let kib: u64 = kib
        .context("the system does not tell the memory of a process")?
        .parse()?;
    Ok(kib.div_ceil(1024))
}

#[expect(clippy::print_stdout, reason = "it is what the benchmark is run for")]
fn print(figures: &Value) {
    println!("{figures:#}");
}
