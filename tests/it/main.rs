//! Tests of the whole: the shipped binary, the rendered templates, the Python code, the structure.

mod accounts;
mod approvals;
mod architecture;
mod batch;
mod canary;
mod check;
mod commands;
mod diff;
mod drift;
mod end_to_end;
mod faults;
mod init;
mod injection;
mod language;
mod matrix;
mod openapi;
mod permissions;
mod python;
mod reconciling;
mod render;
mod requests;
mod simulation;
mod standins;
mod story;
mod support;
mod templates;
