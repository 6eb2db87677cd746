//! The model of a charge.

use std::sync::Arc;

/// A model and its maker, as far as the provider names them.
///
/// The maker can be known without the model: a provider may bill all models of one maker together.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Model {
    /// The model's one name, whatever the provider's spelling.
    pub name: Option<Arc<str>>,
    /// The maker of the model.
    pub publisher: Option<Arc<str>>,
}
