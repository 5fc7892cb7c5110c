package main

import "time"

// scene is a command that somebody runs, and what they type when it asks. One
// without a name is run for what it leaves behind; the others are pictures.
type scene struct {
	day     int // of the story
	command string
	typed   string
	name    string
	words   string // what the picture shows, for whoever does not see it; the README has the same
}

// begin is when the story begins.
func begin() time.Time { return time.Date(2026, time.November, 2, 9, 30, 0, 0, time.UTC) }

// story is what somebody does in some weeks. Tidewatch is made up, and nothing is
// ever sent to it; Demo writes to a file.
func story() []scene {
	return []scene{
		{day: 0, command: "usagectl disable --quiet ray"},
		{day: 11, command: "usagectl forget --quiet --yes flwr"},
		{day: 12, command: "usagectl enable --quiet demo"},
		{day: 18, command: "usagectl send demo run.end --set exit_code=0 --wait=10m --fail"},
		{
			day: 19, command: "usagectl enable tidewatch", name: "enable",
			words: "usagectl enable tidewatch in a terminal: it tells what you agreed to, why it is collected, each field " +
				"that is sent with its purpose, where it goes, how long it is kept, and the command that undoes it.",
		},
		{
			day: 19, command: "usagectl inspect tidewatch forecast.end --set exit_code=0 --set seconds=41.5", name: "inspect",
			words: "usagectl inspect in a terminal: it tells that the event would be sent now and where to, " +
				"each field with its value and its purpose, one of them left out because it is above the level agreed to, " +
				"and the JSON document itself.",
		},
		{day: 19, command: "usagectl send tidewatch forecast.end --set exit_code=0 --fail"},
		{day: 19, command: "usagectl send tidewatch forecast.end --set exit_code=1 --fail"},
		{
			day: 20, command: "usagectl status", name: "status",
			words: "usagectl status in a terminal: a table of the tools on this machine, with a row for each that says whether its " +
				"telemetry is on, who sends it, what the person said and why it is as it is. Below it what the marks mean, " +
				"a deletion request that goes by mail, and what is left to do for a tool that is on though it was refused.",
		},
		{
			day: 21, command: "usagectl forget demo", typed: "y\n", name: "forget",
			words: "usagectl forget demo in a terminal: it tells what will be removed here and who will be asked to delete, asks, " +
				"is answered with y, and says that the deletion request was accepted.",
		},
	}
}
