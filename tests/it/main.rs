//! Tests of the whole: the shipped binary, the rendered templates, the Python code, the structure.

mod architecture;
mod check;
mod end_to_end;
mod faults;
mod python;
mod support;
mod templates;
