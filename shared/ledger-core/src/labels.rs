//! Enums whose variants have one written form each.

/// Declares an enum together with `ALL`, `as_str` and `parse`.
///
/// One list instead of three, so that a variant cannot be written in a way that cannot be read back.
macro_rules! labels {
    (
        $(#[$enum_meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $label:literal,)+
        }
    ) => {
        $(#[$enum_meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {
            $($(#[$variant_meta])* $variant,)+
        }

        impl $name {
            /// Every variant, in the order of declaration.
            pub const ALL: &'static [$name] = &[$($name::$variant),+];

            /// The form that is stored and shown.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self {
                    $($name::$variant => $label,)+
                }
            }

            /// Reads what [`Self::as_str`] writes, and nothing else.
            #[must_use]
            pub fn parse(text: &str) -> Option<$name> {
                match text {
                    $($label => Some($name::$variant),)+
                    _ => None,
                }
            }
        }

        impl $crate::word::Label for $name {
            fn label(self) -> &'static str {
                self.as_str()
            }

            fn of_label(text: &str) -> Option<$name> {
                $name::parse(text)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    };
}
