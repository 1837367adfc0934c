//! Who may log in: `auth` and its tables, but for LDAP.

use super::key::Check::{NotSupported, Skipped, Supported};
use super::key::Literal::Int;
use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "auth", keys: AUTH },
    Group { name: "auth.sessions", keys: AUTH_SESSIONS },
    Group { name: "auth.external_identity_provider", keys: AUTH_EXTERNAL_IDENTITY_PROVIDER },
    Group {
        name: "auth.external_identity_provider.signInCriteria",
        keys: AUTH_EXTERNAL_IDENTITY_PROVIDER_SIGN_IN_CRITERIA,
    },
    Group {
        name: "auth.external_identity_provider.adminRoleCriteria",
        keys: AUTH_EXTERNAL_IDENTITY_PROVIDER_ADMIN_ROLE_CRITERIA,
    },
    Group { name: "auth.account_lock", keys: AUTH_ACCOUNT_LOCK },
    Group { name: "auth.saml", keys: AUTH_SAML },
    Group { name: "auth.scim", keys: AUTH_SCIM },
    Group { name: "auth.samlProxy", keys: AUTH_SAML_PROXY },
    Group { name: "auth.samlProxy.credentials.basic", keys: AUTH_SAML_PROXY_CREDENTIALS_BASIC },
];

const AUTH: &[Key] = &[
    Key::text("auth.backend").default_str("managed").one_of(&["managed", "ldap"]).seen("D+F").check(Skipped),
    Key::text("auth.default_new_user_role")
        .default_str("restrictedcontrol")
        .one_of(&["admin", "viewonly", "scheduler", "restrictedcontrol", "fullcontrol"])
        .seen("D+F")
        .check(NotSupported),
    Key::bool("auth.samlEnabled").default_bool(false).seen("F").check(Skipped),
    Key::text("auth.samlLoginText").seen("F+U"),
    Key::bool("auth.scimEnabled").default_bool(false).seen("F").check(Skipped),
    Key::bool("auth.managedPasswordDisabled")
        .default_bool(false)
        .since("UCP 3.1.5")
        .seen("F+U")
        .check(Supported),
    Key::text("auth.managedPasswordFallbackUser").since("UCP 3.1.5").seen("F+U").check(NotSupported),
];

const AUTH_SESSIONS: &[Key] = &[
    Key::int("auth.sessions.lifetime_minutes")
        .default_int(60)
        .also_default(&[Int(4320)])
        .at_least(0)
        .seen("D+F")
        .check(Supported),
    Key::int("auth.sessions.renewal_threshold_minutes")
        .default_int(20)
        .also_default(&[Int(1440)])
        .at_least(0)
        .seen("D+F")
        .check(Supported),
    Key::int("auth.sessions.per_user_limit")
        .default_int(10)
        .also_default(&[Int(5)])
        .at_least(0)
        .seen("D+F")
        .check(NotSupported),
    Key::bool("auth.sessions.store_token_per_session")
        .default_bool(false)
        .since("UCP 3.2")
        .seen("D+F")
        .check(Skipped),
];

const AUTH_EXTERNAL_IDENTITY_PROVIDER: &[Key] = &[
    Key::url("auth.external_identity_provider.wellKnownConfigUrl")
        .since("after 3.3")
        .seen("D+F")
        .check(NotSupported),
    Key::text("auth.external_identity_provider.clientId")
        .aliases(&["clientID"])
        .since("after 3.3")
        .seen("D+F")
        .check(Supported),
    Key::text("auth.external_identity_provider.clientSecret").secret().since("after 3.3").seen("D"),
    Key::url("auth.external_identity_provider.issuer").since("after 3.3").seen("D+F").check(Supported),
    Key::text("auth.external_identity_provider.usernameClaim")
        .default_str("sub")
        .since("after 3.3")
        .seen("D+F")
        .check(NotSupported),
    Key::pem("auth.external_identity_provider.caBundle").since("after 3.3").seen("D+F").check(NotSupported),
    Key::url("auth.external_identity_provider.httpProxy")
        .may_hold_secret()
        .since("after 3.3")
        .seen("D+F")
        .check(NotSupported),
    Key::url("auth.external_identity_provider.httpsProxy")
        .may_hold_secret()
        .since("after 3.3")
        .seen("D+F")
        .check(NotSupported),
    Key::text("auth.external_identity_provider.userServiceId")
        .since("after 3.3")
        .seen("D+F")
        .check(NotSupported),
];

const AUTH_EXTERNAL_IDENTITY_PROVIDER_SIGN_IN_CRITERIA: &[Key] = &[
    Key::text("auth.external_identity_provider.signInCriteria[].term")
        .required()
        .since("after 3.3")
        .seen("D"),
    Key::text("auth.external_identity_provider.signInCriteria[].value")
        .required()
        .since("after 3.3")
        .seen("D"),
    Key::text("auth.external_identity_provider.signInCriteria[].matchType")
        .required()
        .one_of(&["must", "contains"])
        .since("after 3.3")
        .seen("D"),
];

const AUTH_EXTERNAL_IDENTITY_PROVIDER_ADMIN_ROLE_CRITERIA: &[Key] = &[
    Key::text("auth.external_identity_provider.adminRoleCriteria[].term")
        .required()
        .since("after 3.3")
        .seen("D"),
    Key::text("auth.external_identity_provider.adminRoleCriteria[].value")
        .required()
        .since("after 3.3")
        .seen("D"),
    Key::text("auth.external_identity_provider.adminRoleCriteria[].matchType")
        .required()
        .one_of(&["must", "contains"])
        .since("after 3.3")
        .seen("D"),
];

const AUTH_ACCOUNT_LOCK: &[Key] = &[
    Key::bool("auth.account_lock.enabled").default_bool(false).seen("D+F").check(Skipped),
    Key::int("auth.account_lock.failureTrigger").at_least(0).seen("D"),
    Key::int("auth.account_lock.durationSeconds").at_least(0).seen("D"),
];

const AUTH_SAML: &[Key] = &[
    Key::url("auth.saml.idpMetadataURL").seen("F+U"),
    Key::text("auth.saml.spHost").seen("F+U"),
    Key::pem("auth.saml.rootCerts").seen("F+U"),
    Key::bool("auth.saml.tlsSkipVerify").default_bool(false).seen("F+U"),
    Key::bool("auth.saml.allowLdapLogins").default_bool(false).seen("F"),
];

const AUTH_SCIM: &[Key] =
    &[Key::text("auth.scim.token").secret().seen("F"), Key::text("auth.scim.orgName").seen("F")];

const AUTH_SAML_PROXY: &[Key] = &[
    Key::bool("auth.samlProxy.enabled").default_bool(false).since("3.7.0").seen("D+F").check(NotSupported),
    Key::url("auth.samlProxy.proxy_url").may_hold_secret().since("3.7.0").seen("F").check(NotSupported),
];

const AUTH_SAML_PROXY_CREDENTIALS_BASIC: &[Key] = &[
    Key::text("auth.samlProxy.credentials.basic.user").since("3.7.0").seen("F").check(NotSupported),
    Key::text("auth.samlProxy.credentials.basic.password")
        .secret()
        .since("3.7.0")
        .seen("F")
        .check(NotSupported),
];
