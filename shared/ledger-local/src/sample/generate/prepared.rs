//! Parts of lines that are the same for all of a caller, made once.

use std::borrow::Cow;
use std::rc::Rc;

use super::random::mix;
use crate::sample::callers::{Caller, Environment, Identity, Tags};
use crate::sample::catalogue::{Kind, Offer, Seller};
use crate::sample::line::Attributes;

/// A caller with the parts that are the same on all of its lines.
pub(super) struct Prepared {
    pub caller: &'static Caller,
    pub index: u64,
    /// The id of the application inference profile, if it uses one.
    profile: Option<String>,
    pub tags: Rc<Attributes>,
    pub cost_category: Rc<Attributes>,
    /// The product map of each offer and kind seen so far, by address: most lines share one.
    products: Vec<(*const Offer, Kind, Rc<Attributes>)>,
}

impl Prepared {
    pub(super) fn new((caller, index): (&'static Caller, u64)) -> Prepared {
        let profile = match caller.environment {
            Environment::Unmarked => None,
            Environment::Profile(_) => Some(format!("{:012x}", mix(index, &[0x9F0F]) >> 16)),
        };
        let unit = match caller.tags.cost_centre {
            "" => "",
            "CC-9000" | "CC-6100" => "Corporate",
            _ => "Product",
        };
        Prepared {
            caller,
            index,
            profile,
            tags: Rc::new(tags(caller)),
            cost_category: Rc::new(present(vec![("business-unit", unit)])),
            products: Vec::new(),
        }
    }

    /// The profile's ARN: there is one per region.
    pub(super) fn resource(&self, region: &str) -> Option<Rc<str>> {
        let id = self.profile.as_deref()?;
        let account = self.caller.account;
        Some(Rc::from(format!(
            "arn:aws:bedrock:{region}:{account}:application-inference-profile/{id}"
        )))
    }

    pub(super) fn product(&mut self, offer: &'static Offer, kind: Kind) -> Rc<Attributes> {
        let key: *const Offer = offer;
        if let Some((_, _, product)) =
            self.products.iter().find(|(it, with, _)| *it == key && *with == kind)
        {
            return Rc::clone(product);
        }
        let name = match offer.seller {
            Seller::Aws("AmazonBedrockAgentCore") => "Amazon Bedrock AgentCore",
            Seller::Aws("AmazonBedrockService") => "Amazon Bedrock Service",
            Seller::Aws(_) => "Amazon Bedrock",
            Seller::Marketplace { product_name, .. } => product_name,
        };
        let product = Rc::new(present(vec![
            ("feature", offer.feature),
            ("inference_type", kind.inference_type().unwrap_or("")),
            ("model", offer.model),
            ("product_name", name),
            ("provider", offer.provider),
            ("region", offer.region),
            ("servicename", name),
        ]));
        self.products.push((key, kind, Rc::clone(&product)));
        product
    }
}

/// The tags of a caller's lines: of the identity, and of the profile it calls through.
fn tags(caller: &Caller) -> Attributes {
    let Tags { team, project, cost_centre } = caller.tags;
    let environment = match caller.environment {
        Environment::Unmarked => "",
        Environment::Profile(name) => name,
    };
    if matches!(caller.identity, Identity::None) {
        // There is no caller to carry tags: only the capacity itself is tagged.
        return present(vec![
            ("resourceTags/cost-center", cost_centre),
            ("resourceTags/project", project),
            ("resourceTags/team", team),
        ]);
    }
    present(vec![
        ("iamPrincipal/cost-center", cost_centre),
        ("iamPrincipal/project", project),
        ("iamPrincipal/team", team),
        ("resourceTags/environment", environment),
    ])
}

/// A key is present only when it has a value for the line.
fn present(pairs: Vec<(&'static str, &'static str)>) -> Attributes {
    pairs
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, Cow::Borrowed(value)))
        .collect()
}
