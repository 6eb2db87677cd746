//! Sessions that were put together under their role: the text of such a caller ends in `/*`.

const ALL: &str = "/*";

/// The ARN of a session without the session's name; `None` for a text that is no role's session.
pub(crate) fn role_of_session(text: &str) -> Option<&str> {
    let (role, _) = text.rsplit_once('/')?;
    role.contains(":assumed-role/").then_some(role)
}

/// The caller that all sessions of a role are put together to.
pub(crate) fn all_sessions_of(role: &str) -> String {
    format!("{role}{ALL}")
}

/// Whether a caller is all sessions of a role.
pub(crate) fn is_all_sessions(text: &str) -> bool {
    text.ends_with(ALL)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_put_together_under_their_role() {
        let role = "arn:aws:sts::123456789012:assumed-role/app";
        for session in ["customer-1", "*"] {
            assert_eq!(role_of_session(&format!("{role}/{session}")), Some(role), "{session}");
        }
        let all = all_sessions_of(role);
        assert_eq!(all, "arn:aws:sts::123456789012:assumed-role/app/*");
        assert!(is_all_sessions(&all) && !is_all_sessions(role));
        for text in [role, "arn:aws:iam::123456789012:user/ci/batch", "user:ana", ""] {
            assert_eq!(role_of_session(text), None, "{text}");
        }
    }
}
