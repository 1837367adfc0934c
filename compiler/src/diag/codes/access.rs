//! Accounts, organizations, teams, roles and grants. `A` is about reading them, `R` about translating them.

super::codes! {
    NOT_AN_EXPORT = "A001", Error, "a file in access/ that is no part of an export";
    ERROR_REPLY = "A002", Error, "the export holds what a server answered instead of data";
    TWICE = "A003", Error, "one thing stands in the export twice";
    NAMES = "A010", Error, "an entry of access/names.yaml that can't be used";
    HASHES = "A011", Error, "a password hash that Dex can't take";
    HASHES_OPEN = "A012", Error, "password hashes that others can read";
    HASH_UNUSED = "A013", Warning, "a password hash that no account takes";
    SWARM_ROLE = "A014", Error, "site.yaml maps a Swarm role that the cluster does not have";
    UNREAD = "A020", Note, "a member of the export that nothing reads";
    UNREAD_FILE = "A023", Warning, "a file in access/ that nothing reads";
    DECIDED = "A021", Note, "an open point that the operator has decided";
    BINDING_SIZE = "A022", Error, "a binding that is too large to be taken back";
    HASHES_MANY = "A024", Error, "more password hashes than the leader's bundle can hold";

    NAME_REWRITTEN = "R001", Note, "a name is written otherwise";
    NAME_COLLISION = "R002", Warning, "names collide, so objects have longer names";
    USER_DISABLED = "R003", Warning, "a disabled user is left out";
    USER_LOCKED = "R004", Warning, "a locked user is carried without the lock";
    DIRECTORY_USER = "R005", Decision, "a directory's user may have another name in MKE 4k";
    NO_HASH = "R006", Decision, "a local user without a password hash";
    ROLE_EMPTIED = "R007", Warning, "a Swarm role has no permissions any more";
    USER_GRANT = "R008", Warning, "a user's Swarm grant is lost";
    CONSTRAINT = "R009", Note, "a collection's label constraint is lost";
    WIDE_GRANT = "R010", Decision, "a wide Swarm grant has no counterpart";
    SYNCED_TEAM = "R011", Decision, "a team's members come from the directory";
    CLAIM_TEAM = "R012", Decision, "a team's members come from an identity claim";
    ORPHAN = "R013", Warning, "something names what does not exist";
    EVERYBODY = "R014", Note, "a Swarm grant to every logged-in user is lost";
    NAMESPACE_GRANT = "R015", Decision, "a grant in the style of UCP 3.0 has no counterpart";
    BINDING_REWRITTEN = "R016", Note, "a binding gets subjects that MKE 4k knows";
    NOBODY = "R017", Note, "an organization or team has no active member";
    BUILT_IN_ORG = "R020", Note, "the built-in organization is translated like any other";
    ADMINS = "R021", Note, "administrators are bound to cluster-admin";
    ORG_ADMIN = "R022", Decision, "administrators of an organization or team have no counterpart";
    DEFAULT_ROLE = "R023", Note, "the default role of new users is lost";
    INCOMPLETE = "R024", Blocker, "the export is incomplete";
    SYSTEM_NAME = "R025", Blocker, "an account has a name that Kubernetes keeps for itself";
    NO_ADMIN = "R026", Blocker, "no active administrator would remain";
    NAMESPACE_GONE = "R027", Warning, "a RoleBinding in a namespace that the export does not have";
    CLIENT_BUNDLES = "R028", Note, "client bundles become invalid";
    PRIVATE_COLLECTION = "R029", Note, "a user's private collection is lost";
    PRIVILEGED_PODS = "R030", Decision, "nothing would keep these users from privileged pods";
    STALE_BINDING = "R031", Decision, "a stale binding should go";
    USERS_COLLIDE = "R032", Blocker, "two users would be one";
    FOREIGN_GROUP = "R033", Decision, "a binding on a group that a directory could bring to life";
    TWO_FACTORS = "R034", Warning, "login with a second factor is lost";
    PROVISIONING = "R035", Warning, "provisioning of users stops";
    OWN_OBJECT = "R036", Note, "an object that MKE 3 made for itself";
    FOREIGN_USER = "R037", Decision, "a binding on a user name that is no account's";
    LOGIN_LENGTH = "R038", Blocker, "a user name that is too long for Dex";
}
