use proptest::prelude::*;

use super::*;

const LABELLED: &str = include_str!("../../../testdata/principal_arns.csv");
const UUID: &str = "a7c26677-1ec3-4497-8000-0123456789ab";

/// The columns that a reading must give back, as they are labelled.
fn columns(principal: &Principal) -> [String; 7] {
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    [
        principal.partition().to_owned(),
        principal.account().to_owned(),
        principal.kind().as_str().to_owned(),
        text(principal.path()),
        text(principal.name()),
        text(principal.session()),
        text(principal.session_kind().map(SessionKind::as_str)),
    ]
}

#[test]
fn every_labelled_row_is_read_as_labelled() {
    let mut mismatches = Vec::new();
    let mut row_count = 0;
    for line in LABELLED.lines().skip(1) {
        row_count += 1;
        let row: Vec<&str> = line.splitn(10, ',').collect();
        match Principal::parse(row[0]) {
            Ok(principal) => {
                assert_eq!(principal.raw(), row[0]);
                let actual = columns(&principal);
                if row[1] != "yes" || actual[..] != row[2..9] {
                    mismatches.push(format!("{line}\n  is {actual:?}"));
                }
            }
            Err(err) if row[1] == "yes" => mismatches.push(format!("{line}\n  is {err}")),
            Err(_) => {
                let home = Principal::home_of(row[0]).unwrap_or_default();
                if home != (row[2], row[3]) {
                    mismatches.push(format!("{line}\n  is in {home:?}"));
                }
            }
        }
    }
    assert_eq!(row_count, 97);
    assert!(mismatches.is_empty(), "{} mismatches:\n{}", mismatches.len(), mismatches.join("\n"));
}

#[track_caller]
fn check_refused(text: &str, message: &str) {
    assert_eq!(Principal::parse(text).unwrap_err().to_string(), message);
}

#[test]
fn what_is_no_principal_says_why() {
    check_refused("", "the principal is empty");
    check_refused(" ", "the principal is empty");
    let not_an_arn = |text: &str| {
        let message = format!(
            "`{text}` is not an ARN; expected `arn:<partition>:<iam or sts>::<account>:<resource>`"
        );
        check_refused(text, &message);
    };
    not_an_arn("jane");
    not_an_arn("bedrock.amazonaws.com");
    not_an_arn("arn:aws:iam::123456789012");
    not_an_arn("arn:aws:sts:us-east-1:123456789012:assumed-role/R/S");
    not_an_arn(" arn:aws:iam::123456789012:user/jane");
    let account = |text: &str| format!("`{text}` is not an account id; expected 12 digits");
    check_refused("arn:aws:iam::aws:policy/ReadOnlyAccess", &account("aws"));
    check_refused("arn:aws:iam::account:user/jane", &account("account"));
    check_refused("arn:aws:iam::*:user/jane", &account("*"));
    check_refused("arn:aws:iam::1234:user/jane", &account("1234"));
    check_refused(
        "arn:azure:iam::123456789012:user/jane",
        "`azure` is not a partition; expected `aws` or `aws-…`",
    );
    check_refused(
        "arn:aws:s3::123456789012:user/jane",
        "`s3` has no principals; expected `iam` or `sts`",
    );
    let pattern = |text: &str| {
        check_refused(
            text,
            &format!("`{text}` is a pattern or holds a character that no principal has"),
        );
    };
    pattern("arn:aws:iam::123456789012:user/*");
    pattern("arn:aws:iam::123456789012:user/${aws:username}");
    pattern("arn:aws:sts::123456789012:assumed-role/R/<session>");
    pattern("arn:aws:iam::123456789012:user/jane doe");
    let resource =
        |text: &str| format!("`{text}` cannot call; expected a user, a role, a session or `root`");
    for text in
        ["group/Developers", "oidc-provider/example.com", "user", "user/", "role/path/", "rootless"]
    {
        check_refused(&format!("arn:aws:iam::123456789012:{text}"), &resource(text));
    }
    for text in [
        "assumed-role",
        "assumed-role/",
        "assumed-role/R/",
        "assumed-role/R/S/T",
        "federated-user/a/b",
    ] {
        check_refused(&format!("arn:aws:sts::123456789012:{text}"), &resource(text));
    }
}

#[test]
fn what_cannot_call_has_a_home_and_a_pattern_has_none() {
    let home = Some(("aws-cn", "012345678901"));
    for resource in
        ["group/Admins", "mfa/BobsPhone", "server-certificate/x/y", "root", "role/ROLE-NAME"]
    {
        let arn = format!("arn:aws-cn:iam::012345678901:{resource}");
        assert_eq!(Principal::home_of(&arn), home, "{arn}");
    }
    let function = "arn:aws-cn:lambda:cn-north-1:012345678901:function:chat";
    assert_eq!(Principal::home_of(function), home);
    for text in [
        "",
        "jane",
        "arn:aws:iam::123456789012",
        "arn:aws:iam::123456789012:",
        "arn:aws:iam::aws:policy/ReadOnlyAccess",
        "arn:aws:iam::1234:group/Admins",
        "arn:azure:iam::123456789012:group/Admins",
        "arn:aws:iam::123456789012:group/*",
        "arn:aws:iam::123456789012:policy/${name}",
        "arn:aws:iam::123456789012:policy/POLICY-NAME",
        "arn:aws:iam::123456789012:group/GROUP_NAME",
    ] {
        assert_eq!(Principal::home_of(text), None, "{text}");
    }
}

#[test]
fn every_partition_is_read() {
    for partition in [
        "aws",
        "aws-cn",
        "aws-us-gov",
        "aws-iso",
        "aws-iso-b",
        "aws-iso-e",
        "aws-iso-f",
        "aws-eusc",
    ] {
        let principal =
            Principal::parse(&format!("arn:{partition}:iam::012345678901:root")).unwrap();
        assert_eq!(principal.partition(), partition);
        assert_eq!(principal.account(), "012345678901");
        assert_eq!(principal.kind(), PrincipalKind::Root);
    }
}

fn session_of(role: &str, session: &str) -> Principal {
    Principal::parse(&format!("arn:aws:sts::123456789012:assumed-role/{role}/{session}")).unwrap()
}

#[test]
fn generated_sessions_are_folded_into_their_role() {
    for (session, kind, folded) in [
        ("botocore-session-1773807868", SessionKind::SdkGenerated, "botocore-session-*"),
        ("aws-sdk-js-1773807868000", SessionKind::SdkGenerated, "aws-sdk-js-*"),
        ("aws-sdk-java-1773807868000", SessionKind::SdkGenerated, "aws-sdk-java-*"),
        ("aws-go-sdk-1773807868000000000", SessionKind::SdkGenerated, "aws-go-sdk-*"),
        (UUID, SessionKind::SdkGenerated, "*"),
        (&format!("BedrockAgentCore-{UUID}"), SessionKind::Agent, "BedrockAgentCore-*"),
        ("BKB-Retrieve-0A1B2C3D", SessionKind::Agent, "BKB-Retrieve-*"),
        ("BKB-Retrieve-FADEDCAB-1", SessionKind::Agent, "BKB-Retrieve-*"),
        (&format!("AWSCodeBuild-{UUID}"), SessionKind::Ci, "AWSCodeBuild-*"),
        (&format!("eks-prod-web-7d9f8-{UUID}"), SessionKind::EksPod, "eks-prod-web-*"),
        ("i-0123456789abcdef0", SessionKind::Instance, "i-*"),
        ("ServiceSession7696354707953764922", SessionKind::Other, "*"),
        ("0123456789abcdef0123456789abcdef", SessionKind::Other, "*"),
        ("worker-0123456789abcdef", SessionKind::Other, "worker-*"),
        ("1773807868000", SessionKind::Other, "*"),
    ] {
        let principal = session_of("App", session);
        assert_eq!(principal.session_kind(), Some(kind), "{session}");
        assert!(principal.session_is_generated(), "{session}");
        let expected = format!("arn:aws:sts::123456789012:assumed-role/App/{folded}");
        assert_eq!(**principal.folded(), *expected);
        assert_eq!(principal.session(), Some(session));
        let read = Principal::parse_folded(&expected).unwrap();
        assert_eq!((read.name(), read.session()), (Some("App"), Some(folded)));
    }
}

#[test]
fn sessions_that_name_someone_are_not_folded() {
    for session in [
        "jane",
        "jane@example.com",
        "0123456789abcdef@example.com",
        "GitHubActions",
        "my-function",
        "gw-user-1",
        "batch-7",
        "DEADBEEF",
        "b7654321",
        "0f3a9c",
        "aws-sdk-user",
        "i-am-jane",
        "20260401",
    ] {
        let principal = session_of("App", session);
        assert!(!principal.session_is_generated(), "{session}");
        assert_eq!(&**principal.folded(), principal.raw());
    }
}

#[test]
fn a_person_is_never_folded() {
    let principal = session_of("AWSReservedSSO_Admin_0123456789abcdef", "0123456789abcdef");
    assert_eq!(principal.person(), Some("0123456789abcdef"));
    assert_eq!(&**principal.folded(), principal.raw());
}

#[test]
fn only_identity_center_has_permission_sets_and_persons() {
    for (role, expected) in [
        ("AWSReservedSSO_TeamAIAdmin_aa59d952f393cb6a", Some("TeamAIAdmin")),
        ("AWSReservedSSO_Team_AI_aa59d952f393cb6a", Some("Team_AI")),
        ("AWSReservedSSO_AdministratorAccess", Some("AdministratorAccess")),
        ("App_aa59d952f393cb6a", None),
    ] {
        let principal = session_of(role, "jane");
        assert_eq!(principal.permission_set(), expected, "{role}");
        assert_eq!(principal.person().is_some(), expected.is_some(), "{role}");
    }
}

#[test]
fn a_user_named_like_a_token_is_not_folded() {
    let arn = format!("arn:aws:iam::123456789012:user/{UUID}");
    assert_eq!(**Principal::parse(&arn).unwrap().folded(), arn);
}

#[test]
fn written_forms_are_read_back() {
    for it in PrincipalKind::ALL {
        assert_eq!(PrincipalKind::parse(it.as_str()), Some(*it));
    }
    for it in SessionKind::ALL {
        assert_eq!(SessionKind::parse(it.as_str()), Some(*it));
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        let _refused = Principal::parse(&text);
    }

    #[test]
    fn a_session_is_read_kept_and_folded_to_a_fixed_form(
        role in "[a-zA-Z0-9_+=,.@-]{1,64}",
        session in "[a-zA-Z0-9_+=,.@-]{2,64}",
    ) {
        let principal = session_of(&role, &session);
        prop_assert_eq!(principal.name(), Some(role.as_str()));
        prop_assert_eq!(principal.session(), Some(session.as_str()));
        let folded = principal.folded();
        let read = Principal::parse_folded(folded).unwrap();
        prop_assert_eq!(read.folded(), folded);
        prop_assert_eq!((read.kind(), read.name()), (principal.kind(), principal.name()));
        let kept = folded.strip_suffix('*').unwrap_or(folded);
        prop_assert!(principal.raw().starts_with(kept), "{}", folded);
        prop_assert!(kept.ends_with('/') || kept.contains(&format!("/{role}/")), "{}", folded);
    }
}
