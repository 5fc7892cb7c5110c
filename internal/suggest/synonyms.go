package suggest

// synonyms are the words that other formats have for the words of a manifest, which come
// first in their groups: those of JSON Schema, programming languages, OpenTelemetry and
// its exporters, mail and the web. One word can mean several things: that which is among
// the known words counts, or the first of them.
func synonyms() [][]string {
	return [][]string{
		// Types of fields.
		{"int", "integer", "long", "int32", "int64", "uint", "uint64", "count", "counter"},
		{"float", "number", "double", "real", "decimal", "float32", "float64", "duration"},
		{"bool", "boolean", "flag"},
		{"string", "str", "text", "varchar", "uuid", "date", "datetime", "timestamp", "enum", "url"},
		{"strings", "array", "list", "set", "tags", "[]string", "string[]", "list[str]", "list[string]", "array[string]", "stringlist", "string_list"},
		{"json", "object", "dict", "map", "struct", "any", "table"},

		// Sources of values.
		{"time.now", "now", "time", "timestamp", "date", "datetime", "clock"},
		{"event.id", "uuid", "event_id", "eventid", "message_id", "messageid"},
		{"run.id", "session", "session_id", "session.id", "trace_id"},
		{"identity.source", "source", "source_id", "user", "user_id", "install", "install_id", "client_id", "anonymous_id", "anonymousid", "device_id", "uid"},
		{"tool.version", "version", "app.version", "package.version"},
		{"host.cpu_count", "host.cpus", "cpus", "host.cores", "cores", "nproc"},
		{"host.memory_gib", "host.ram", "ram", "memory"},
		{"host.distribution", "host.distro", "distro"},
		{"host.arch", "host.architecture", "architecture", "host.machine", "machine"},
		{"host.container", "host.docker", "docker", "host.wsl"},
		{"host.name_hash", "host.hostname", "hostname", "host_name"},
		{"host.user_hash", "username", "user_name", "host.username", "login"},
		{"caller", "input", "arg", "argument", "param", "parameter"},
		{"const", "constant", "literal", "fixed", "static"},

		// Formats of times.
		{"rfc3339", "iso", "iso8601", "iso-8601", "rfc-3339", "datetime"},
		{"unix", "epoch", "timestamp", "posix", "seconds"},
		{"unix_float", "float", "unix_ms", "milliseconds", "ms"},

		// Transports, what goes with them, and what a value that is missing is.
		{"http", "https", "post", "webhook", "rest", "url", "json", "api", "delete", "endpoint"},
		{"udp", "datagram", "statsd", "syslog"},
		{"otlp", "otel", "opentelemetry", "otlp-http", "otlp-grpc", "grpc", "http/protobuf", "http/json"},
		{"segment", "segment.io", "analytics", "rudderstack"},
		{"file", "jsonl", "ndjson", "log", "local", "disk"},
		{"traces", "span", "spans", "tracing"},
		{"logs", "logging", "records", "log_records"},
		{"basic", "header", "authorization", "http-basic"},
		{"body", "payload", "json"},
		{"mail", "email", "e-mail", "mailto"},
		{"event", "track", "message"},
		{"none", "no", "off", "false", "disabled", "nothing", "null"},
		{"null", "nil", "none", "empty"},
		{"omit", "skip", "drop", "leave_out", "absent", "remove"},
		{"random", "uuid", "uuid4", "uuidv4", "guid", "anonymous", "true"},

		// How a tool asks.
		{"opt-in", "off", "disabled", "false", "no", "ask", "prompt", "refused", "denied"},
		{"opt-out", "on", "enabled", "true", "yes", "granted", "allowed"},
		{"refuse", "deny", "disable", "variables", "env", "off", "opt_out", "opt-out", "optout"},
		{"grant", "accept", "allow", "agree", "enable", "on", "opt_in", "opt-in", "optin"},
		{"env", "variable", "variables", "var", "env_var", "envvar", "environment", "name"},
		{"when", "equals", "equal", "is", "value", "if", "eq"},
		{"unless", "not", "except", "not_equals", "ne"},
		{"dotenv", "env_file", "envfile", ".env"},
		{"levels", "tiers", "scopes"},

		// Keys and tables.
		{"schema", "version", "schema_version", "manifest_version", "$schema"},
		{"tool", "package", "project", "program", "app", "application"},
		{"consent", "privacy", "agreement"},
		{"identity", "source", "user", "install"},
		{"send", "transport", "delivery", "endpoint", "destination", "sink", "exporter"},
		{"forget", "deletion", "delete", "deletions", "erase", "erasure"},
		{"field", "property", "properties", "attribute", "attributes"},
		{"endpoint", "url", "uri", "address", "host"},
		{"mail", "address", "to", "contact"},
		{"contact", "email", "mail"},
		{"homepage", "url", "web", "website"},
		{"purpose", "description", "why", "reason", "doc"},
		{"name", "id", "title", "field"},
		{"from", "source", "origin"},
		{"key", "path", "pointer", "json_pointer"},
		{"path", "file", "location"},
		{"kind", "type"},
		{"type", "kind"},
		{"value", "const", "constant", "literal"},
		{"required", "mandatory", "optional"},
		{"min", "minimum"},
		{"max", "maximum"},
		{"max_len", "maxlength", "max_length", "maxlen"},
		{"enum", "values", "choices", "allowed", "one_of"},
		{"pattern", "regex", "regexp"},
		{"start", "begin"},
		{"end", "finish", "stop"},
		{"exit_code", "status", "code", "returncode"},
		{"duration", "seconds", "elapsed"},
	}
}
