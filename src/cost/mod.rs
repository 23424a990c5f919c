//! What an environment costs, by prices that somebody gives: nothing is built in, and nothing is guessed.
//!
//! Input: rendered templates and requests, and [`Prices`] from a file or the AWS Price List. Output: a [`Bill`],
//! or what a change adds to it. A price that is not known makes its line unknown and the total "at least". Pure:
//! no clock, no network. Must not know: credentials, the terminal.

mod bill;
mod change;
mod price_list;
mod prices;
mod usage;

pub use bill::{Bill, Line, Measured, Run, Total, bill};
pub use change::{Difference, difference};
pub use price_list::{SERVICE, filters, price};
pub use prices::{PriceKey, Prices, Unit, UnusablePrices};
pub use usage::{Fleet, Item, Usage};

/// Hours of a month, as AWS reckons them in its price examples (8,760 hours of a year by twelve).
pub const MONTH: f64 = 730.0;

/// Writes an amount of money short and with its currency: `$0.23`, `$168`, `0.23 EUR`.
pub fn money(amount: f64, currency: &str) -> String {
    let size = amount.abs();
    let digits = match size {
        size if !(1e-9..100.0).contains(&size) => 0,
        size if size >= 10.0 => 2,
        size if size >= 0.1 => 3,
        size if size >= 0.001 => 4,
        _ => 7,
    };
    let mut text = format!("{size:.digits$}");
    if digits == 3 && text.ends_with('0') {
        text.pop();
    }
    let sign = if amount < 0.0 { "-" } else { "" };
    match currency {
        "USD" => format!("{sign}${text}"),
        other => format!("{sign}{text} {other}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_is_written_short() {
        let usd = |amount| money(amount, "USD");
        assert_eq!(
            [0.0, 0.23, 0.128, 167.9, 12.5, 0.0456, 0.000_020_1, -0.115].map(usd),
            [
                "$0",
                "$0.23",
                "$0.128",
                "$168",
                "$12.50",
                "$0.0456",
                "$0.0000201",
                "-$0.115"
            ]
        );
        assert_eq!(money(-1.5, "EUR"), "-1.50 EUR");
    }
}
