package acceptance

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
)

// system is one of the telemetry systems that the built-in manifests imitate.
type system struct {
	tool, version, level string
	env                  []string
	eventAt              string // where a document tells its event; "" for Parsl, which does not
	messages             func(t testing.TB) []message
	differ               []difference
}

// message is one event as a caller gives it to "send", and the document that has
// to arrive for it.
type message struct {
	event string
	set   []string // --set
	data  string   // --data
	want  any
}

// runID is the run ID of every message here.
const runID = "5f0c6e0a-3d1b-4e7c-9a52-0b7d6e1f2a34"

// writeKey is the Segment write key of every message here, and of the capture.
const writeKey = "TEST_WRITE_KEY"

// systems are the built-in manifests but for demo, which imitates nobody.
func systems() []system {
	return []system{parslNow, parslLegacy, flwr, flwrDatasets, nannyml, stripepy}
}

// hostSystem and hostOS are this machine's, as the real tools spell them.
var (
	hostSystem = map[string]string{"linux": "Linux", "darwin": "Darwin", "windows": "Windows"}[runtime.GOOS]
	hostOS     = runtime.GOOS
)

var parslNow = system{
	tool: "parsl", version: "1.3.0-dev", level: "3",
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

// flowerDiffer are the differences that Flower's two packages share.
var flowerDiffer = []difference{
	{"/context/source", `$SOURCE`, "new for each install"},
	{"/context/cluster", `$RUN`, "new for each run"},
	{"/context/date", utcMicros, "the time"},
	{"/context/hw/cpu_count", `\d+`, "the machine's"},
	{"/context/platform/system", hostSystem, "the machine's"},
	{"/context/platform/release", anyText, "the machine's"},
	{"/context/platform/platform", anyText, "the machine's"},
	{"/context/platform/machine", anyText, "the machine's"},
	{"/context/platform/version", anyText, "the machine's"},
}

// flwrDocument is an event of Flower's framework (wire.md, "Flower").
const flwrDocument = `{"event_type": %q, "event_details": %s, "context": {
	"partner": %q, "source": "", "cluster": "", "date": "",
	"flower": {"package_name": "flwr", "package_version": "1.28.0"}, "hw": {"cpu_count": 2},
	"platform": {"system": "", "release": "", "platform": "", "python_implementation": "CPython", "python_version": "3.11.2",
		"machine": "", "architecture": ["64bit", "ELF"], "version": ""}}}`

var flwr = system{
	tool: "flwr", version: "1.28.0", level: "1", eventAt: "/event_type",
	messages: func(t testing.TB) []message {
		var list []message
		for _, event := range declared(t, "flwr") {
			m, details, partner := message{event: event, set: []string{"python_version=3.11.2"}}, `{}`, "unavailable"
			switch {
			case strings.Contains(event, "SIMULATION") && strings.HasSuffix(event, "_ENTER"):
				details = `{"backend": "ray", "num-supernodes": 10, "run-id-hash": "1f"}`
				m.set = append(m.set, "backend=ray", "num-supernodes=10", "run-id-hash=1f")
			case strings.HasSuffix(event, "_LEAVE"):
				details = `{"success": false, "exit_code": -3}`
				m.set = append(m.set, "success=false", "exit_code=-3")
			case event == "PING":
				partner = "somebody"
				m.set = append(m.set, "partner=somebody")
			}
			m.want = decodeJSON(t, fmt.Appendf(nil, flwrDocument, event, details, partner))
			list = append(list, m)
		}
		return list
	},
	differ: flowerDiffer,
}

var flwrDatasets = system{
	tool: "flwr-datasets", version: "0.6.0", level: "1", eventAt: "/event_type",
	messages: func(t testing.TB) []message {
		var list []message
		for event, details := range map[string]string{
			"PING":                  `{}`,
			"LOAD_PARTITION_CALLED": `{"federated_dataset_name": "FederatedDataset", "dataset_name": "mnist"}`,
			"LOAD_SPLIT_CALLED":     `{"federated_dataset_id": "9", "dataset_name": "mnist", "split": "test"}`,
			"PLOT_LABEL_DISTRIBUTION_CALLED": `{"federated_dataset_id": "9", "dataset_name": "mnist",
				"partitioner": "IidPartitioner", "num_partitions": 10, "plot_type": "bar"}`,
			"PLOT_COMPARISON_LABEL_DISTRIBUTION_CALLED": `{"num_partitions": 3, "plot_type": "heatmap"}`,
		} {
			want := decodeJSON(t, capturedRequest(t, "flower-datasets-details.http").body).(map[string]any)
			if want["event_type"] != event { // the capture is of one event
				want["event_type"], want["event_details"] = event, decodeJSON(t, []byte(details))
			}
			list = append(list, message{event: event, set: []string{"python_version=3.11.2"}, data: details, want: want})
		}
		return list
	},
	differ: flowerDiffer,
}

var nannyml = system{
	tool: "nannyml", version: "0.13.1", level: "1", eventAt: "/event",
	env: []string{"NANNYML_WRITE_KEY=" + writeKey},
	messages: func(t testing.TB) []message {
		template := capturedRequest(t, "segment-python-2.3.3.http").body
		properties := map[string]string{ // the capture's two, and one for all others
			"CBPE estimator run": `{"run_time": 8.821487426757812e-06, "process_run_time": 6.1849999999918914e-06,
				"exception_occurred": false, "metrics": ["roc_auc", "f1"], "normalize": "True"}`,
			"DLE estimator plot": `{"run_time": 8.58306884765625e-06, "process_run_time": 7.044999999983315e-06,
				"exception_occurred": true, "exception_type": "ValueError", "kind": "performance"}`,
			"": `{"run_time": 2.0, "process_run_time": 1.5, "exception_occurred": true, "exception_type": "nannyml.exceptions.InvalidArgumentsException",
				"methods": ["jensen_shannon"], "continuous_methods": [], "categorical_methods": ["chi2", "l_infinity"], "nannyml_cloud": true}`,
		}
		var list []message
		for _, event := range declared(t, "nannyml") {
			want, captured := segmentMessageOf(t, template, event)
			own, ok := properties[event]
			if ok != captured {
				t.Errorf("%q: a capture: %t, properties: %t", event, captured, ok)
			}
			if !captured {
				own = properties[""]
				want["event"], want["properties"] = event, nannymlProperties(t, own)
			}
			list = append(list, message{event: event, set: []string{"python_version=3.11.2"}, data: own, want: want})
		}
		return list
	},
	differ: []difference{
		{"/userId", `$SOURCE`, "random here, a hardware address there"},
		{"/messageId", `$EVENT`, "new for each event"},
		{"/timestamp", utcMillis, "the time"},
		{"/context/library/name", `usagectl`, "the sending library"},
		{"/context/library/version", anyText, "the sending library"},
		{"/properties/os_type", hostSystem, "the machine's"},
		{"/properties/runtime_environment", `notebook|docker|aks|eks|kubernetes|native`, "the machine's"},
	},
}

// segmentMessageOf finds the message of an event in a captured batch, and takes
// the first one where there is none.
func segmentMessageOf(t testing.TB, body []byte, event string) (m map[string]any, found bool) {
	t.Helper()
	batch := part(decodeJSON(t, body), "/batch").([]any)
	for _, m := range batch {
		if part(m, "/event") == event {
			return m.(map[string]any), true
		}
	}
	return batch[0].(map[string]any), false
}

// nannymlProperties are a call's own properties and those that NannyML always
// sends (wire.md, "NannyML").
func nannymlProperties(t testing.TB, own string) any {
	t.Helper()
	properties := decodeJSON(t, []byte(`{"os_type": "", "runtime_environment": "", "python_version": "3.11.2",
		"nannyml_version": "0.13.1", "nannyml_cloud": false}`)).(map[string]any)
	for name, value := range decodeJSON(t, []byte(own)).(map[string]any) {
		properties[name] = value
	}
	return properties
}

// stripepyBasics is what a wrapper of StripePy gives with every event.
const stripepyBasics = `"start": 1795305747.650865, "h5py_version": "3.14.0", "hictkpy_version": "1.3.0", "numpy_version": "2.3.1",
	"packaging_version": "25.0", "pandas_version": "2.3.1", "scipy_version": "1.16.0", "structlog_version": "25.4.0",
	"runtime_version": "3.11.2", "runtime_description": "GCC 12.2.0"`

var stripepy = system{
	tool: "stripepy", version: "1.3.0", level: "1", eventAt: "/item/name",
	messages: func(t testing.TB) []message {
		return []message{{
			event: "call",
			data: `{` + stripepyBasics + `, "contact_map_format": "mcool", "contact_map_resolution": 20000, "contact_map_raw_interactions": false,
				"genomic_belt": 5000000, "low_memory": false, "max_width": 100000, "glob_pers_min": 0.04, "constrain_heights": false,
				"k": 3, "loc_pers_min": 0.33, "loc_trend_min": 0.25, "nproc": 4, "status": "error", "exception_type": "RuntimeError"}`,
			want: stripepyCapture(t),
		}, {
			event: "download",
			data: `{` + stripepyBasics + `, "list_only": false, "unit_test": true, "end2end_test": false,
				"dataset_name": "__random__", "dataset_format": "cool", "status": "ok"}`,
			want: stripepyDocument(t, "download", `{"code": 1}`, `{
				"params.list_only": {"boolValue": false}, "params.unit_test": {"boolValue": true}, "params.end2end_test": {"boolValue": false},
				"params.dataset_name": {"stringValue": "__random__"}, "params.dataset_format": {"stringValue": "cool"}}`),
		}, { // a whole number stays a double; an interrupt leaves the status unset
			event: "view",
			set:   []string{"relative_change_threshold=5", "columns=chrom1", "columns=start1"},
			data:  `{` + stripepyBasics + `, "coefficient_of_variation_threshold": 0.5, "result_file_format_version": "3"}`,
			want: stripepyDocument(t, "view", `{}`, `{
				"params.relative_change_threshold": {"doubleValue": 5}, "params.coefficient_of_variation_threshold": {"doubleValue": 0.5},
				"params.columns": {"arrayValue": {"values": [{"stringValue": "chrom1"}, {"stringValue": "start1"}]}},
				"params.result_file_format_version": {"stringValue": "3"}}`),
		}, {
			event: "plot",
			data: `{` + stripepyBasics + `, "highlight_seeds": true, "highlight_stripes": false, "columns": ["chrom1"],
				"coefficient_of_variation_threshold": 1.5, "result_file_format_version": "3", "status": "error"}`,
			want: stripepyDocument(t, "plot", `{"code": 2}`, `{
				"params.highlight_seeds": {"boolValue": true}, "params.highlight_stripes": {"boolValue": false},
				"params.coefficient_of_variation_threshold": {"doubleValue": 1.5}, "params.result_file_format_version": {"stringValue": "3"},
				"params.columns": {"arrayValue": {"values": [{"stringValue": "chrom1"}]}}}`),
		}}
	},
	differ: []difference{
		{"/resource/os.type/stringValue", hostOS, "the machine's"},
		{"/resource/os.version/stringValue", anyText, "the machine's"},
		{"/resource/host.arch/stringValue", anyText, "the machine's"},
		{"/resource/telemetry.sdk.language/stringValue", `go`, "the sending library"},
		{"/resource/telemetry.sdk.name/stringValue", `usagectl`, "the sending library"},
		{"/resource/telemetry.sdk.version/stringValue", anyText, "the sending library"},
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
	return items[0].(map[string]any)
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
