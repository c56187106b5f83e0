"""HTTP, and what all planes share: wire format, ids, paging, OData, errors, certificates, the record of requests."""
