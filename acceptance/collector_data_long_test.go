//go:build long

package acceptance

import (
	"runtime"
	"slices"
	"strings"
	"testing"
)

const nanos = `\d{19}` // a form that many differences share

var parslNow = system{
	tool: "parsl", version: "1.3.0-dev", level: "3",
	connect: connectUDP(parslDocument),
	messages: func(t testing.TB) []message {
		const components = `{"c": "parsl.config.Config", "executors_len": 1, "dependency_resolver": false},
			"parsl.executors.threads.ThreadPoolExecutor"`
		return []message{{
			event: "start",
			set:   []string{"python_v=3.11.2", "project_name=my-project", "components=[" + components + "]"},
			want:  parslDocument(t, capture(t, "parsl-head-lvl3.1.udp")),
		}, {
			event: "end",
			data: `{"execution_time": 0, "project_name": "my-project", "components": [
				{"c": "parsl.dataflow.dflow.DataFlowKernel", "app_count": 2, "app_fails": 1}, ` + components + `]}`,
			want: parslDocument(t, capture(t, "parsl-head-lvl3.2.udp")),
		}}
	},
	differ: []difference{
		{"/correlator", `$RUN`, "new for each run"},
		{"/platform.system", hostSystem, "the machine's"},
		{"/start", `\d{10}`, "the time"},
		{"/end", `\d{10}`, "the time"},
	},
}

// parslDocument reads a datagram of Parsl's current protocol.
func parslDocument(t testing.TB, datagram []byte) any {
	t.Helper()
	document, ok := strings.CutPrefix(string(datagram), "1")
	if !ok {
		t.Fatalf("%q does not begin with the protocol's 1", datagram)
	}
	return decodeJSON(t, []byte(document))
}

var parslLegacy = system{
	tool: "parsl-legacy", version: "1.3.0-dev", level: "1",
	connect: connectUDP(func(t testing.TB, datagram []byte) any { return decodeJSON(t, datagram) }),
	messages: func(t testing.TB) []message {
		return []message{{
			event: "start",
			set:   []string{"python_v=3.11.2"},
			want:  decodeJSON(t, capture(t, "parsl-old-2023.01.1.udp")),
		}, { // wire.md, "Legacy protocol"
			event: "end",
			set:   []string{"t_apps=12", "sites=1", "failed=3", "test=true"},
			want:  decodeJSON(t, []byte(`{"uuid": "", "end": 0.0, "t_apps": 12, "sites": 1, "c_time": null, "failed": 3, "test": true}`)),
		}}
	},
	differ: []difference{
		{"/uuid", `$RUN`, "new for each run"},
		{"/uname", `[0-9a-f]{10}`, "a keyed hash here, a plain one there"},
		{"/hname", `[0-9a-f]{10}`, "a keyed hash here, a plain one there"},
		{"/os", hostSystem, "the machine's"},
		{"/os_v", anyText, "the machine's"},
		{"/start", `\d{10}\.\d{1,6}`, "the time"},
		{"/end", `\d{10}\.\d{1,6}`, "the time"},
	},
}

// parsl2023 is what Parsl sent between its first and its second protocol: the first without
// what says who runs it, and without what is always the same.
var parsl2023 = system{
	tool: "parsl-2023", version: "2024.02.26", level: "1",
	connect: connectUDP(func(t testing.TB, datagram []byte) any { return decodeJSON(t, datagram) }),
	messages: func(t testing.TB) []message {
		start, end := parslLegacy.messages(t)[0], parslLegacy.messages(t)[1]
		for _, path := range []string{"/uname", "/hname", "/test", "/c_time"} {
			remove(start.want, path)
			remove(end.want, path)
		}
		start.want.(map[string]any)["parsl_v"] = "2024.02.26"
		end.set = end.set[:3] // without "test"
		return []message{start, end}
	},
	differ: slices.DeleteFunc(slices.Clone(parslLegacy.differ), func(d difference) bool { return strings.HasSuffix(d.at, "name") }),
}

// parsl2024 is Parsl's second protocol before it had levels.
var parsl2024 = system{
	tool: "parsl-2024", version: "1.3.0-dev", level: "1",
	connect: connectUDP(parslDocument),
	messages: func(t testing.TB) []message {
		start, end := parslNow.messages(t)[0], parslNow.messages(t)[1]
		for _, path := range []string{"/tracking_level", "/project_name", "/execution_time"} {
			remove(start.want, path)
			remove(end.want, path)
		}
		start.set = slices.Delete(start.set, 1, 2) // the project's name
		end.data = strings.Replace(end.data, `"execution_time": 0, "project_name": "my-project", `, "", 1)
		return []message{start, end}
	},
	differ: parslNow.differ,
}

// stripepyBasics is what a wrapper of StripePy gives with every event.
const stripepyBasics = `"start": 1795305747.650865, "h5py_version": "3.14.0", "hictkpy_version": "1.3.0", "numpy_version": "2.3.1",
	"packaging_version": "25.0", "pandas_version": "2.3.1", "scipy_version": "1.16.0", "structlog_version": "25.4.0",
	"runtime_version": "3.11.2", "runtime_description": "GCC 12.2.0"`

var stripepy = system{
	tool: "stripepy", version: "1.3.0", level: "1", eventAt: "/item/name",
	connect: connectCollector,
	messages: func(t testing.TB) []message {
		return []message{
			{
				event: "call",
				data: `{` + stripepyBasics + `, "contact_map_format": "mcool", "contact_map_resolution": 20000, "contact_map_raw_interactions": false,
				"genomic_belt": 5000000, "low_memory": false, "max_width": 100000, "glob_pers_min": 0.04, "constrain_heights": false,
				"k": 3, "loc_pers_min": 0.33, "loc_trend_min": 0.25, "nproc": 4, "status": "error", "exception_type": "RuntimeError"}`,
				want: stripepyCapture(t),
			},
			{
				event: "download",
				data: `{` + stripepyBasics + `, "list_only": false, "unit_test": true, "end2end_test": false,
				"dataset_name": "__random__", "dataset_format": "cool", "status": "ok"}`,
				want: stripepyDocument(t, "download", `{"code": 1}`, `{
				"params.list_only": {"boolValue": false}, "params.unit_test": {"boolValue": true}, "params.end2end_test": {"boolValue": false},
				"params.dataset_name": {"stringValue": "__random__"}, "params.dataset_format": {"stringValue": "cool"}}`),
			},
			{ // a whole number stays a double; an interrupt leaves the status unset
				event: "view",
				set:   []string{"relative_change_threshold=5", "columns=chrom1", "columns=start1"},
				data:  `{` + stripepyBasics + `, "coefficient_of_variation_threshold": 0.5, "result_file_format_version": 3}`,
				want: stripepyDocument(t, "view", `{}`, `{
				"params.relative_change_threshold": {"doubleValue": 5}, "params.coefficient_of_variation_threshold": {"doubleValue": 0.5},
				"params.columns": {"arrayValue": {"values": [{"stringValue": "chrom1"}, {"stringValue": "start1"}]}},
				"params.result_file_format_version": {"intValue": "3"}}`),
			},
			{
				event: "plot cm",
				set:   []string{"result_file_format_version=not-applicable"},
				data: `{` + stripepyBasics + `, "highlight_seeds": true, "highlight_stripes": false, "relative_change_threshold": 0,
				"coefficient_of_variation_threshold": 1.7976931348623157e308, "status": "error"}`,
				want: stripepyDocument(t, "plot cm", `{"code": 2}`, `{
				"params.highlight_seeds": {"boolValue": true}, "params.highlight_stripes": {"boolValue": false},
				"params.relative_change_threshold": {"doubleValue": 0},
				"params.coefficient_of_variation_threshold": {"doubleValue": 1.7976931348623157e308},
				"params.result_file_format_version": {"stringValue": "not-applicable"}}`),
			},
			stripepyPlot(t, "plot"), stripepyPlot(t, "plot contact-map"), stripepyPlot(t, "plot pseudodistribution"),
			stripepyPlot(t, "plot pd"), stripepyPlot(t, "plot stripe-hist"), stripepyPlot(t, "plot hist"),
		}
	},
	differ: []difference{
		{"/resource/os.type/stringValue", runtime.GOOS, "the machine's"},
		{"/resource/os.version/stringValue", anyText, "the machine's"},
		{"/resource/host.arch/stringValue", anyText, "the machine's"},
		{"/resource/telemetry.sdk.language/stringValue", `go`, "the sending library"},
		{"/resource/telemetry.sdk.name/stringValue", `usagectl`, "the sending library"},
		{"/resource/telemetry.sdk.version/stringValue", anyText, "the sending library"},
		{"/resource/service.instance.id/stringValue", `$RUN`, "new for each run"},
		{"/item/traceId", `$TRACE`, "new for each run"},
		{"/item/spanId", `$SPAN`, "new for each event"},
		{"/item/startTimeUnixNano", `1795305747650865000`, "the callers' clocks have microseconds"},
		{"/item/endTimeUnixNano", nanos, "the time"},
		{"/item/events/0/timeUnixNano", nanos, "the time"},
	},
}

// stripepyCapture is the captured span, of "call".
func stripepyCapture(t testing.TB) map[string]any {
	t.Helper()
	items := otlpItems(t, capture(t, "collector-stripepy-traces.json"))
	if len(items) != 1 {
		t.Fatalf("the capture has %d spans", len(items))
	}
	span := items[0].(map[string]any)
	// OpenTelemetry's library has had it since the capture was made.
	span["resource"].(map[string]any)["service.instance.id"] = map[string]any{"stringValue": ""}
	return span
}

// stripepyPlot is one of the plots that say nothing but what they are.
func stripepyPlot(t testing.TB, event string) message {
	t.Helper()
	want := stripepyDocument(t, event, `{"code": 1}`, `{}`)
	remove(want, "/item/attributes")
	return message{event: event, data: `{` + stripepyBasics + `, "status": "ok"}`, want: want}
}

// stripepyDocument is the span of another subcommand: the captured one's
// resource and scope with the attributes of wire.md, "StripePy".
func stripepyDocument(t testing.TB, subcommand, status, attributes string) map[string]any {
	t.Helper()
	span := stripepyCapture(t)
	item := span["item"].(map[string]any)
	delete(item, "events")
	item["name"], item["status"] = subcommand, decodeJSON(t, []byte(status))
	item["attributes"] = normal(t, decodeJSON(t, []byte(attributes)))
	return span
}
