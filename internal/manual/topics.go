package manual

// aboutTools are the commands that look at tools.
func aboutTools() []string {
	return []string{"status", "enable", "disable", "inspect", "ask", "send", "exec", "flush", "forget", "env", "tools"}
}

// Environment is about the variables that the program reads.
func Environment() Topic {
	deciding := []string{"status", "enable", "inspect", "ask", "send", "exec", "flush"}
	delivering := []string{"send", "exec", "flush", "forget"}
	return Topic{
		Name:  "environment",
		Short: "The variables that usagectl reads",
		Intro: "A variable can refuse for everybody who has it. Only a tool's own variable can agree, where its manifest says so.",
		Terms: []Term{
			{"DO_NOT_TRACK", `Set to anything but 0, false, no, off or nothing: usagectl sends no events. Of the tools that send by themselves it turns off those that read it: "usagectl status TOOL" shows whether one does.`, deciding},
			{"USAGECTL_TELEMETRY", `0, false, no or off: usagectl sends no events. No other program reads it.`, deciding},
			{"a tool's own", `Each tool names variables that refuse or agree; "usagectl status TOOL" shows them and what they say. Some have other files where a variable says so, such as XDG_CACHE_HOME, DAGSTER_HOME or PREFECT_HOME.`, deciding},
			{"CI, GITHUB_ACTIONS, ...", `In a CI system telemetry is off unless somebody agreed there, and no source ID is made. Such a variable does not count if it is 0, false, no, off or nothing.`, deciding},
			{"USAGECTL_RUN_ID", `The ID (a UUID) of the run that events belong to, where --run does not say. "usagectl exec" sets it for its command.`, []string{"send", "exec", "inspect"}},
			{"TRACEPARENT", `The trace in which "usagectl exec" runs, by W3C's Trace Context. For the command of a tool that sends by OTLP exec sets it, unless it names another trace.`, []string{"exec"}},
			{"USAGECTL_ENV_SET", `What "usagectl env" changed in this shell and what you had there, so that it can take it back. It prints this variable itself.`, []string{"env"}},
			{"HTTPS_PROXY, NO_PROXY", `The proxy through which events and deletion requests leave by HTTPS, and for which hosts there is none. Plain HTTP goes to this machine only, without a proxy, and UDP takes none.`, delivering},
			{"SSL_CERT_FILE, SSL_CERT_DIR", `Other certificates to trust than the system's, on Linux and the BSDs.`, delivering},
			{"HOME, XDG_CONFIG_HOME, XDG_DATA_HOME, XDG_STATE_HOME", `Where a person's files are; see "usagectl help files". If HOME is no directory, the account's home in the user database counts; if none is found, telemetry is off. Root in another person's home decides nothing, sends nothing and forgets nothing there.`, aboutTools()},
			{"XDG_CONFIG_DIRS, XDG_DATA_DIRS", `Where to look for refusals and for manifests that everybody shares.`, aboutTools()},
			{"PATH, PATHEXT", `Where to look for the programs of the tools that are known, and, on Windows, how their names end. None is started, but for the command of "usagectl exec".`, []string{"status", "enable", "disable", "exec", "env", "completion"}},
			{"SHELL, ZDOTDIR", `For which shell to show what you can type, if another one did not start usagectl; where its start file is.`, []string{"status", "enable", "disable", "forget"}},
			{"NO_COLOR, CLICOLOR_FORCE, TERM", `No colour if NO_COLOR is not empty. Else colour everywhere if CLICOLOR_FORCE is neither empty nor 0, and else on a terminal, unless TERM is dumb or empty.`, nil},
		},
	}
}

// ExitCodes is about what a script can tell from how the program ends.
func ExitCodes() Topic {
	return Topic{
		Name:  "exit-codes",
		Short: "What the program ends with, and what it means",
		Intro: `"usagectl send" ends with 0 whatever happens and whatever its command line, so that no script fails because of its telemetry; with --fail it uses the codes below. "usagectl exec" ends as its command does, or with 126 or 127 if that cannot be run. ` +
			`What keeps it from starting at all, such as less than 1 GB of address space ("ulimit -v"), has other codes, and so has a signal. ` +
			`Every command's help lists the codes that it has. They are those of sysexits.h where it has one.`,
		Terms: []Term{
			{"0", "done", nil},
			{"1", `no: "status -q TOOL" finds telemetry off, or does not know; "send --fail" finds it off; "tools diff" finds something to ask about; or forget was told no, could not forget every tool, or has no source ID to ask with`, nil},
			{"64", "a bad flag or a wrong number of arguments", nil},
			{"65", "bad data: an unknown tool, event or field, or a value that does not fit", nil},
			{"69", "unavailable: not delivered in time, and not kept; or forget found no way to ask the tool", nil},
			{"73", "something could not be created, such as the file of a decision", nil},
			{"74", `what is kept could not be read, written or removed; or the answer could not be printed, as on a full disk, and the rest is done. ` +
				`It is no error if whoever reads the answer goes away, as "head" does, nor if stdout is closed, which counts as /dev/null`, nil},
			{"75", "try later: what could not be delivered is kept", nil},
			{"76", "a server refused it", nil},
			{"77", "not permitted to this user, or in this home", nil},
			{"78", "a manifest or a consent file cannot be used", nil},
			{"126", "exec could not execute its command", nil},
			{"127", "exec found no such command", nil},
			{"130", "interrupted", nil},
		},
	}
}

// Files is about what is read and kept where.
func Files() Topic {
	deciding := []string{"status", "enable", "disable", "inspect", "ask", "send", "exec", "flush", "env"}
	return Topic{
		Name:  "files",
		Short: "Where usagectl reads and keeps things",
		Intro: "The places below are those of Linux where no variable moves them. What concerns a person is in files that only they can read.",
		Terms: []Term{
			{"~/.config/usagectl/consent/", "What you decided: TOOL.toml for a tool, all.toml for all of them; a name that ends in .refused says when a refusal was in force last, and one in .asked-1 to .asked-3 when \"usagectl ask\" asked you, as long as you have not answered. In $XDG_CONFIG_HOME; a refusal in ~/.config counts even then, unless you decided about the same in the other place.", deciding},
			{"/etc/xdg/usagectl/consent/", `What is refused for everybody here ("usagectl disable --system"). No variable moves it; in each of $XDG_CONFIG_DIRS refusals are looked for too.`, deciding},
			{"~/.TOOL/source", "A tool's source ID, where the tool itself keeps it. Made at the first event that may be sent and has a field for it; never in a CI system.", []string{"status", "inspect", "send", "exec", "flush", "forget"}},
			{"~/.local/share/usagectl/tools/TOOL.toml", "Manifests that you added (\"usagectl tools add\"), in $XDG_DATA_HOME.", aboutTools()},
			{"/usr/share/usagectl/tools/TOOL.toml", "Manifests that packages brought, in each of $XDG_DATA_DIRS; in /usr/local/share those that the administrator added.", aboutTools()},
			{"~/.local/state/usagectl/outbox/TOOL/", "The events that wait, in $XDG_STATE_HOME as is all that follows.", []string{"status", "disable", "inspect", "send", "exec", "flush", "forget"}},
			{"~/.local/state/usagectl/journal/TOOL.jsonl", `What was sent, to the letter, and what became of it; "usagectl inspect TOOL --sent" shows it. TOOL.jsonl.1 is the older part, and TOOL.jsonl.incomplete says that something could not be recorded, or ~/.local/state/usagectl/unrecorded/TOOL where that directory cannot be used.`, []string{"status", "inspect", "send", "exec", "flush", "forget"}},
			{"~/.local/state/usagectl/deletions/", "Deletion requests, each in a file that the SHA-256 of the ID names; once they are settled, without the ID. A file .HASH.claim says who is at work on one.", []string{"status", "inspect", "send", "exec", "flush", "forget"}},
			{"~/.local/state/usagectl/keys/TOOL", "The random key of hashes. It never leaves.", []string{"send", "exec", "flush", "forget"}},
		},
	}
}

// Manifest is about how a tool takes part.
func Manifest() Topic {
	return Topic{
		Name:  "manifest",
		Short: "How a tool declares what it collects",
		Intro: `A tool declares in a TOML file what it collects, why, where it goes and how to refuse. A small one, whole:

  schema = 1

  [tool]
  id        = "mytool"
  privacy   = "https://mytool.example/telemetry"
  contact   = "telemetry@mytool.example"
  purpose   = "Counts users and failing runs, to decide what to work on."
  retention = "60 days"

  [send]
  transport = "http"
  endpoint  = "https://telemetry.mytool.example/v1/event"

  [[event]]
  name = "run.end"

  [[field]]
  name    = "exit_code"
  type    = "int"
  purpose = "To see what share of runs succeed."

Saved as mytool.toml it can be tried at once; whatever is wrong with it is reported with line and column:

  usagectl tools lint mytool.toml
  usagectl inspect mytool run.end --set exit_code=0 --manifest mytool.toml

A package puts it into /usr/share/usagectl/tools, a person into ~/.local/share/usagectl/tools. Name the variables with which people refuse after the tool, as MYTOOL_NO_TELEMETRY: "usagectl env" sets no others. Then scripts send with one line that never fails them, also where usagectl is not installed:

  code=$?
  if command -v usagectl >/dev/null; then
    usagectl send mytool run.end --set exit_code=$code
  fi`,
		Outro: "See usagectl-manifest(5) and docs/manifest.md for all keys.",
	}
}

// Privacy is about what the program itself does with what it knows.
func Privacy() Topic {
	return Topic{
		Name:  "privacy",
		Short: "What usagectl itself does, and does not",
		Intro: `Usagectl sends nothing on its own behalf: it counts nobody, looks for no updates and reports no crash. What leaves is what a tool declared and ` +
			`you consented to, and what you ask to be forgotten.

Refusal can come from anyone: from you, from the machine's administrator, from a variable. Consent comes only from you: by "usagectl enable", for the ` +
			`fields, the events and the endpoint that there are then; by a variable that the tool itself takes for a yes, for the lowest level, as long as it ` +
			`is set; or, for a tool that is on by default, by a notice. "usagectl send" shows it on a terminal, with what is collected, where it goes and how to ` +
			`say no, and sends nothing that time; later events are sent. What the tool collects later is not sent before it was agreed to, or shown, in the same way.

After "usagectl disable --all", "usagectl enable TOOL" makes an exception. In doubt telemetry is off, and off is complete: "send" makes and reads no ` +
			`ID, queues nothing and looks up no name.`,
		Terms: []Term{
			{"see what is on", "usagectl", nil},
			{"see what would leave", "usagectl inspect TOOL", nil},
			{"see what left", "usagectl inspect TOOL --sent", nil},
			{"refuse all, for good", "usagectl disable --all", nil},
			{"refuse all but one", "usagectl disable --all --except TOOL", nil},
			{"for tools that read variables", `command -v usagectl >/dev/null && eval "$(usagectl env --quiet)"`, nil},
			{"have it forgotten", "usagectl forget TOOL", nil},
		},
		Outro: `Only delivery opens a connection: in the background after "send", in "flush", in "send --wait", and for a deletion request. No other ` +
			`command does; some start the background one if a deletion request is due or an event too old to be kept. docs/privacy.md tells the whole of it.`,
	}
}
