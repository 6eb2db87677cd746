//! Categories of charges, by the words of FOCUS.

labels! {
    /// The category of a charge, beside the provider's own word for the type of its line.
    ///
    /// - **Source:** `ChargeCategory` of FOCUS.
    pub enum ChargeCategory {
        /// Use of a resource, priced by its quantity.
        Usage = "usage",
        /// Something that was bought, such as a commitment or a subscription.
        Purchase = "purchase",
        /// Tax.
        Tax = "tax",
        /// A credit that the provider granted.
        Credit = "credit",
        /// A correction, such as a refund.
        Adjustment = "adjustment",
    }
}
