//! `auth.ldap`, absent while accounts are managed by MKE itself.
//!
//! The names were last published for UCP 2.2, in snake_case; the REST API writes the same settings in camelCase.
//! Both spellings are read. MKE 3.7.0 added a switch for chasing referrals whose name in the file no page gives: it
//! is not in the catalogue, and comes up as an unknown key.

use super::key::{Group, Key};

/// The groups of this area.
pub(super) const GROUPS: &[Group] = &[
    Group { name: "auth.ldap", keys: AUTH_LDAP },
    Group { name: "auth.ldap.additional_domains", keys: AUTH_LDAP_ADDITIONAL_DOMAINS },
    Group { name: "auth.ldap.user_search_configs", keys: AUTH_LDAP_USER_SEARCH_CONFIGS },
    Group { name: "auth.ldap.admin_sync_opts", keys: AUTH_LDAP_ADMIN_SYNC_OPTS },
];

const AUTH_LDAP: &[Key] = &[
    Key::url("auth.ldap.server_url").required().aliases(&["serverURL"]).since("UCP 2.2").seen("U"),
    Key::bool("auth.ldap.no_simple_pagination")
        .default_bool(false)
        .aliases(&["noSimplePagination"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.start_tls").default_bool(false).aliases(&["startTLS"]).since("UCP 2.2").seen("U"),
    Key::pem("auth.ldap.root_certs").aliases(&["rootCerts"]).since("UCP 2.2").seen("U"),
    Key::bool("auth.ldap.tls_skip_verify")
        .default_bool(false)
        .aliases(&["tlsSkipVerify"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.reader_dn").aliases(&["readerDN"]).since("UCP 2.2").seen("U"),
    Key::text("auth.ldap.reader_password").secret().aliases(&["readerPassword"]).since("UCP 2.2").seen("U"),
    Key::cron("auth.ldap.sync_schedule")
        .default_str("@hourly")
        .aliases(&["syncSchedule"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.jit_user_provisioning")
        .default_bool(true)
        .aliases(&["jitUserProvisioning"])
        .since("UCP 2.2")
        .seen("U"),
];

const AUTH_LDAP_ADDITIONAL_DOMAINS: &[Key] = &[
    Key::text("auth.ldap.additional_domains[].domain").required().since("UCP 2.2").seen("U"),
    Key::url("auth.ldap.additional_domains[].server_url")
        .required()
        .aliases(&["serverURL"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.additional_domains[].no_simple_pagination")
        .default_bool(false)
        .aliases(&["noSimplePagination"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.additional_domains[].start_tls")
        .default_bool(false)
        .aliases(&["startTLS"])
        .since("UCP 2.2")
        .seen("U"),
    Key::pem("auth.ldap.additional_domains[].root_certs").aliases(&["rootCerts"]).since("UCP 2.2").seen("U"),
    Key::bool("auth.ldap.additional_domains[].tls_skip_verify")
        .default_bool(false)
        .aliases(&["tlsSkipVerify"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.additional_domains[].reader_dn").aliases(&["readerDN"]).since("UCP 2.2").seen("U"),
    Key::text("auth.ldap.additional_domains[].reader_password")
        .secret()
        .aliases(&["readerPassword"])
        .since("UCP 2.2")
        .seen("U"),
];

const AUTH_LDAP_USER_SEARCH_CONFIGS: &[Key] = &[
    Key::text("auth.ldap.user_search_configs[].base_dn")
        .required()
        .aliases(&["baseDN"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.user_search_configs[].scope_subtree")
        .default_bool(false)
        .aliases(&["scopeSubtree"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.user_search_configs[].username_attr")
        .default_str("uid")
        .aliases(&["usernameAttr"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.user_search_configs[].full_name_attr")
        .default_str("cn")
        .aliases(&["fullNameAttr"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.user_search_configs[].filter").since("UCP 2.2").seen("U"),
    Key::bool("auth.ldap.user_search_configs[].match_group")
        .default_bool(true)
        .aliases(&["matchGroup"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.user_search_configs[].match_group_dn")
        .aliases(&["matchGroupDN"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.user_search_configs[].match_group_member_attr")
        .default_str("member")
        .aliases(&["matchGroupMemberAttr"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.user_search_configs[].match_group_iterate")
        .default_bool(false)
        .aliases(&["matchGroupIterate"])
        .since("UCP 2.2")
        .seen("U"),
];

const AUTH_LDAP_ADMIN_SYNC_OPTS: &[Key] = &[
    Key::bool("auth.ldap.admin_sync_opts.enable_sync")
        .default_bool(true)
        .aliases(&["enableSync"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.admin_sync_opts.select_group_members")
        .default_bool(true)
        .aliases(&["selectGroupMembers"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.admin_sync_opts.group_dn").aliases(&["groupDN"]).since("UCP 2.2").seen("U"),
    Key::text("auth.ldap.admin_sync_opts.group_member_attr")
        .default_str("member")
        .aliases(&["groupMemberAttr"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.admin_sync_opts.search_base_dn")
        .aliases(&["searchBaseDN"])
        .since("UCP 2.2")
        .seen("U"),
    Key::bool("auth.ldap.admin_sync_opts.search_scope_subtree")
        .default_bool(false)
        .aliases(&["searchScopeSubtree"])
        .since("UCP 2.2")
        .seen("U"),
    Key::text("auth.ldap.admin_sync_opts.search_filter")
        .aliases(&["searchFilter"])
        .since("UCP 2.2")
        .seen("U"),
];
