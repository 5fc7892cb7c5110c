package acceptance

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// system is one of the telemetry systems that the built-in manifests imitate.
type system struct {
	tool, version, level string
	env                  []string
	eventAt              string                                  // where a document tells its event; "" for Parsl, which does not
	connect              func(t testing.TB, s system) *installed // starts a receiver, and installs the tool for it
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

// systems are the built-in manifests of tools that send by HTTP, which the recorder receives.
func systems() []system { return []system{flwr, flwrDatasets, nannyml} }

// hostSystem is this machine's, as the real tools spell it.
var hostSystem = map[string]string{"linux": "Linux", "darwin": "Darwin", "windows": "Windows"}[runtime.GOOS]

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
	connect: connectRecorder,
	messages: func(t testing.TB) []message {
		var list []message
		for _, event := range declared(t, "flwr") {
			m, details, partner := message{event: event, set: []string{"python_version=3.11.2"}}, `{}`, "unavailable"
			switch {
			case event == "START_SIMULATION_ENTER":
				details = `{"num_clients": 100}`
				m.set = append(m.set, "num_clients=100", "partner=")
			case event == "RUN_SUPEREXEC_ENTER":
				details, partner = `{"plugin_type": "serverapp"}`, "invalid" // as Flower says for what is no UUID
				m.set = append(m.set, "plugin_type=serverapp", "partner=somebody")
			case event == "FLWR_SERVERAPP_RUN_LEAVE": // a run that ended before it had an ID
				details = `{"run-id-hash": null, "success": false, "exit_code": 1}`
				m.data = details
			case strings.Contains(event, "SIMULATION") && strings.HasSuffix(event, "_ENTER"):
				details = `{"backend": "ray", "num-supernodes": 10, "run-id-hash": "1f"}`
				m.set = append(m.set, "backend=ray", "num-supernodes=10", "run-id-hash=1f")
			case strings.HasSuffix(event, "_LEAVE"):
				details = `{"success": false, "exit_code": -3}`
				m.set = append(m.set, "success=false", "exit_code=-3")
			case event == "PING":
				partner = "2f1c9d1e-6a3b-4c8f-9d70-5b1e0a7c4d21"
				m.set = append(m.set, "partner="+partner)
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
	connect: connectRecorder,
	messages: func(t testing.TB) []message {
		var list []message
		for event, details := range map[string]string{
			"PING":                  `{}`,
			"LOAD_PARTITION_CALLED": `{"federated_dataset_name": "FederatedDataset", "dataset_name": "mnist"}`,
			"LOAD_SPLIT_CALLED":     `{"federated_dataset_id": 140223331, "dataset_name": "mnist", "split": "test"}`,
			"PLOT_LABEL_DISTRIBUTION_CALLED": `{"federated_dataset_id": 9, "dataset_name": "mnist",
				"partitioner": "IidPartitioner", "num_partitions": 10, "plot_type": "bar"}`,
			"PLOT_COMPARISON_LABEL_DISTRIBUTION_CALLED": `{"num_compare": 3, "plot_type": "heatmap"}`,
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
	connect: connectRecorder,
	env:     []string{"NANNYML_WRITE_KEY=" + writeKey},
	messages: func(t testing.TB) []message {
		template := capturedRequest(t, "segment-python-2.3.3.http").body
		properties := map[string]string{ // the capture's two, and one for all others
			"CBPE estimator run": `{"run_time": 8.821487426757812e-06, "process_run_time": 6.1849999999918914e-06,
				"exception_occurred": false, "metrics": ["roc_auc", "f1"], "normalize": "True"}`,
			"DLE estimator plot": `{"run_time": 8.58306884765625e-06, "process_run_time": 7.044999999983315e-06,
				"exception_occurred": true, "exception_type": "ValueError", "kind": "performance"}`,
			"": `{"run_time": 2.0, "process_run_time": 1.5, "exception_occurred": true, "exception_type": "nannyml.exceptions.InvalidArgumentsException",
				"problem_type": "ProblemType.REGRESSION", "continuous_method_names": [], "categorical_method_names": ["chi2", "l_infinity"],
				"nannyml_cloud": true}`,
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

// capture reads a file of testdata/captures: what the real tools put on the wire.
func capture(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "captures", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// capturedRequest is a capture of HTTP.
func capturedRequest(t testing.TB, name string) request {
	t.Helper()
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(capture(t, name))))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		t.Fatal(err)
	}
	return request{line: req.Method + " " + req.URL.String(), header: req.Header, body: body}
}
