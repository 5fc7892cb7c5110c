package ci_test

import (
	"testing"

	"github.com/usagectl/usagectl/internal/ci"
)

func TestDetect(t *testing.T) {
	for _, test := range []struct {
		env  map[string]string
		want string
	}{
		{nil, ""},
		{map[string]string{"CI": "true"}, "other"},
		{map[string]string{"CI": "1"}, "other"},
		{map[string]string{"CI": "woodpecker"}, "other"},
		{map[string]string{"CONTINUOUS_INTEGRATION": "true"}, "other"},
		{map[string]string{"CI": ""}, ""},
		{map[string]string{"CI": "false"}, ""},
		{map[string]string{"CI": " False "}, ""},
		{map[string]string{"CI": "0"}, ""},
		{map[string]string{"CI": "no"}, ""},
		{map[string]string{"CI": "OFF"}, ""},
		{map[string]string{"CI": "true", "GITHUB_ACTIONS": "true"}, "github"},
		{map[string]string{"CI": "false", "GITHUB_ACTIONS": "true"}, "github"},
		{map[string]string{"CI": "true", "GITHUB_ACTIONS": "false"}, "other"},
		{map[string]string{"GITHUB_ACTIONS": "true", "GITEA_ACTIONS": "true"}, "github"},
		{map[string]string{"GITEA_ACTIONS": "true"}, "gitea"},
		{map[string]string{"GITLAB_CI": "true"}, "gitlab"},
		{map[string]string{"CIRCLECI": "true"}, "circleci"},
		{map[string]string{"TRAVIS": "true"}, "travis"},
		{map[string]string{"BUILDKITE": "true"}, "buildkite"},
		{map[string]string{"JENKINS_URL": "https://ci.example/"}, "jenkins"},
		{map[string]string{"TEAMCITY_VERSION": "2025.03"}, "teamcity"},
		{map[string]string{"TF_BUILD": "True"}, "azure"},
		{map[string]string{"BITBUCKET_BUILD_NUMBER": "17"}, "bitbucket"},
		{map[string]string{"CODEBUILD_BUILD_ID": "p:1"}, "codebuild"},
		{map[string]string{"APPVEYOR": "True"}, "appveyor"},
		{map[string]string{"DRONE": "true"}, "drone"},
		{map[string]string{"WOODPECKER": "true"}, "woodpecker"},
		{map[string]string{"CIRRUS_CI": "true"}, "cirrus"},
		{map[string]string{"SEMAPHORE": "true"}, "semaphore"},
		{map[string]string{"HOME": "/root", "TERM": "dumb"}, ""},
	} {
		env := func(name string) (string, bool) {
			value, ok := test.env[name]
			return value, ok
		}
		if got := ci.Detect(env); got != test.want {
			t.Errorf("%v: got %q, want %q", test.env, got, test.want)
		}
	}
}
