//! site.yaml, hosts, nodes, surveys, registries, certificates.

super::codes! {}
