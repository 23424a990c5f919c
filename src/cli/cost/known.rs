//! Where prices come from: a file, the cache, the AWS Price List.

use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::Args;
use futures::future::try_join_all;
use jiff::civil::Date;

use super::super::context::{Global, cache_folder};
use super::super::failure::{Failure, USAGE};
use super::super::{output, write};
use crate::cloud::CloudFault;
use crate::cost::{self, PriceKey, Prices, UnusablePrices};
use crate::reconcile::Session;
use crate::stack::{Stack, Target};

/// What prices are said to come from that nobody gave.
const PRICE_LIST: &str = "the AWS Price List";
/// Days after which prices of the Price List are asked for anew.
const KEPT_DAYS: i32 = 30;

/// Arguments of commands that speak of money.
#[derive(Debug, Args)]
pub(in crate::cli) struct PriceArguments {
    /// A file of prices, in place of the stack file's (`deploy cost --help` says what is in it)
    #[arg(long, env = "DEPLOY_PRICES", value_name = "FILE")]
    prices: Option<PathBuf>,
}

/// The prices that are there without asking anybody: of a file, or of the Price List as it was asked before.
///
/// # Errors
/// A file that was named holds no prices.
pub(in crate::cli) fn at_hand(
    global: &Global,
    stack: &Stack,
    arguments: &PriceArguments,
) -> Result<Option<Prices>, Failure> {
    if let Target::Local(_) = stack.target {
        return Ok(None);
    }
    let region = stack.region.as_str();
    match file(stack, arguments) {
        Some(path) => match read(path, region)? {
            Ok(prices) => Ok(Some(prices)),
            // Of several environments some may be elsewhere.
            Err(UnusablePrices::Region { .. }) => Ok(None),
            Err(error) => Err(unusable(path, error)),
        },
        None => Ok(cached(&cache(global, region)?, region)),
    }
}

/// Prices that are looked for, and asked for where need be.
pub(super) struct Sought<'a> {
    pub(super) global: &'a Global,
    pub(super) stack: &'a Stack,
    pub(super) arguments: &'a PriceArguments,
    /// What they are needed of.
    pub(super) keys: &'a [PriceKey],
    pub(super) today: Date,
    /// Ask anew for those that were asked for before.
    pub(super) refresh: bool,
}

impl Sought<'_> {
    /// Finds prices and says where they come from; without a session nobody is asked.
    pub(super) async fn find(
        &self,
        session: Option<&Session>,
    ) -> Result<(Option<Prices>, Option<String>), Failure> {
        let region = self.stack.region.as_str();
        if let Some(path) = file(self.stack, self.arguments) {
            let prices = read(path, region)?.map_err(|error| unusable(path, error))?;
            return Ok((Some(prices), Some(path.display().to_string())));
        }
        let cache = cache(self.global, region)?;
        let before = cached(&cache, region).filter(|_| !self.refresh);
        let Some(session) = session else {
            let source = before.as_ref().map(|_| PRICE_LIST.to_owned());
            return Ok((before, source));
        };
        let fresh = before.filter(|prices| {
            let age = prices.date.and_then(|date| self.today.since(date).ok());
            age.is_some_and(|age| age.get_days() < KEPT_DAYS)
        });
        let lacks = |key: &PriceKey| {
            fresh
                .as_ref()
                .is_none_or(|prices| prices.get(key).is_none())
        };
        let lacking: Vec<&PriceKey> = self.keys.iter().filter(|key| lacks(key)).collect();
        match self.ask(session, fresh, &lacking).await {
            Ok(Some((prices, is_new))) => {
                if is_new {
                    write::replace(&cache, prices.write().as_bytes())?;
                }
                Ok((Some(prices), Some(PRICE_LIST.to_owned())))
            }
            Ok(None) => Ok((None, None)),
            Err(fault) => {
                output::note(&format!(
                    "the AWS Price List does not tell: {fault}; `--prices FILE` names prices of your own"
                ));
                Ok((cached(&cache, region), Some(PRICE_LIST.to_owned())))
            }
        }
    }

    /// Asks the Price List for what is lacking; tells whether it told anything new.
    async fn ask(
        &self,
        session: &Session,
        before: Option<Prices>,
        lacking: &[&PriceKey],
    ) -> Result<Option<(Prices, bool)>, CloudFault> {
        let region = self.stack.region.as_str();
        let instances = lacking.iter().filter_map(|key| match key {
            PriceKey::Instance(purpose, instance) => Some((*purpose, instance)),
            PriceKey::Other(_) => None,
        });
        let asked = instances.map(|(purpose, instance)| async move {
            let filters = cost::filters(region, instance);
            let list = &session.cloud.prices;
            let documents = list.products(cost::SERVICE, &filters).await?;
            let price = cost::price(&documents, purpose, instance);
            Ok(price.map(|price| (PriceKey::Instance(purpose, instance.clone()), price)))
        });
        let mut found = before;
        let mut is_new = false;
        for (key, (currency, amount)) in try_join_all(asked).await?.into_iter().flatten() {
            let prices = found.get_or_insert_with(|| Prices::of(region, &currency, self.today));
            prices.set(key, amount);
            is_new = true;
        }
        Ok(found.map(|prices| (prices, is_new)))
    }
}

/// The file that is named, on the command line or in the stack file.
fn file<'a>(stack: &'a Stack, arguments: &'a PriceArguments) -> Option<&'a Path> {
    let named = arguments.prices.as_deref();
    named.or(stack.prices.as_deref())
}

fn read(path: &Path, region: &str) -> Result<Result<Prices, UnusablePrices>, Failure> {
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the prices {}", path.display()))
        .map_err(|error| Failure::with_code(USAGE, error))?;
    Ok(Prices::read(&text, region))
}

fn unusable(path: &Path, error: UnusablePrices) -> Failure {
    let error = anyhow::Error::new(error).context(format!("cannot use {}", path.display()));
    Failure::with_code(USAGE, error).hint("`deploy cost --help` says what is in a file of prices")
}

/// Where the answers of the Price List are kept.
fn cache(global: &Global, region: &str) -> Result<PathBuf, Failure> {
    Ok(cache_folder(global)?
        .join("prices")
        .join(format!("{region}.json")))
}

/// What is kept. A file that cannot be read is as good as none: it is written anew.
fn cached(path: &Path, region: &str) -> Option<Prices> {
    let text = std::fs::read_to_string(path).ok()?;
    Prices::read(&text, region).ok()
}
