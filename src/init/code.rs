//! The training code as part of the program; a test sees that no file of it is forgotten.

/// Path in `training-code/` and content.
macro_rules! files {
    ($($path:literal,)*) => {
        &[$(($path, include_bytes!(concat!("../../training-code/", $path)).as_slice())),*]
    };
}

/// The files of `training-code/`: training, inference, function, and their tests.
pub(super) const FILES: &[(&str, &[u8])] = files![
    "function/lambda_function.py",
    "pyproject.toml",
    "src/headlines/__init__.py",
    "src/headlines/base_model.py",
    "src/headlines/baseline.py",
    "src/headlines/checkpoints.py",
    "src/headlines/compat.py",
    "src/headlines/course.py",
    "src/headlines/data.py",
    "src/headlines/encoding.py",
    "src/headlines/errors.py",
    "src/headlines/launch.py",
    "src/headlines/layout.py",
    "src/headlines/metrics.py",
    "src/headlines/minilm.py",
    "src/headlines/preparation.py",
    "src/headlines/processes.py",
    "src/headlines/progress.py",
    "src/headlines/report.py",
    "src/headlines/settings.py",
    "src/headlines/split.py",
    "src/headlines/training.py",
    "src/inference.py",
    "src/train.py",
    "tests/conftest.py",
    "tests/forked.py",
    "tests/test_base_model.py",
    "tests/test_baseline.py",
    "tests/test_checkpoints.py",
    "tests/test_course.py",
    "tests/test_data.py",
    "tests/test_encoding.py",
    "tests/test_inference.py",
    "tests/test_lambda.py",
    "tests/test_launch.py",
    "tests/test_make_sample.py",
    "tests/test_metrics.py",
    "tests/test_preparation.py",
    "tests/test_settings.py",
    "tests/test_split.py",
    "tests/test_train.py",
    "tests/test_training.py",
    "tools/make_sample.py",
];
