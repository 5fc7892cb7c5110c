// Package ci recognises continuous-integration systems by the variables they
// set, as each one's documentation names them.
package ci

import "strings"

// Detect returns the vendor of the CI system that set the environment, "other"
// for one that only sets CI, and "" for none. env looks a variable up.
func Detect(env func(string) (string, bool)) string {
	for _, v := range [...]struct{ variable, vendor string }{
		{"GITHUB_ACTIONS", "github"},
		{"GITLAB_CI", "gitlab"},
		{"CIRCLECI", "circleci"},
		{"TRAVIS", "travis"},
		{"BUILDKITE", "buildkite"},
		{"JENKINS_URL", "jenkins"},
		{"TEAMCITY_VERSION", "teamcity"},
		{"TF_BUILD", "azure"},
		{"BITBUCKET_BUILD_NUMBER", "bitbucket"},
		{"CODEBUILD_BUILD_ID", "codebuild"},
		{"APPVEYOR", "appveyor"},
		{"DRONE", "drone"},
		{"WOODPECKER", "woodpecker"},
		{"CIRRUS_CI", "cirrus"},
		{"SEMAPHORE", "semaphore"},
		{"GITEA_ACTIONS", "gitea"},
		{"CI", "other"},
		{"CONTINUOUS_INTEGRATION", "other"},
	} {
		if value, ok := env(v.variable); ok && on(value) {
			return v.vendor
		}
	}
	return ""
}

// on reads what CI systems write: many set CI=true, and people set CI=false to
// take it back.
func on(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "no", "off":
		return false
	}
	return true
}
