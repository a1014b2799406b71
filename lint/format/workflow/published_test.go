package workflow

import (
	"testing"

	"github.com/archlint/archlint/lint/facts"
)

func TestBuildArgumentsBetweenQuotes(t *testing.T) {
	doc := parse(t, steps(`
      - uses: docker/build-push-action@v6
        with:
          build-args: |
            "ARCH=arm64"
            'A=b'
            C="d"
            "E
`))
	want := map[string][]string{"ARCH": {"arm64"}, "A": {"b"}, "C": {`"d"`}, `"E`: nil}
	compare(t, want, seen(doc.Builds[0]).Args)
}

func TestPushByAnInput(t *testing.T) {
	const body = "jobs:\n  j:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: docker/build-push-action@v6\n        with:\n          push: "
	tests := []struct {
		name, input, push string
		want              facts.Known
	}{
		{"off by default", "type: boolean, default: false", "${{ inputs.p }}", facts.Unknown},
		{"off by default, as a text", "type: string, default: 'false'", "${{ inputs.p }}", facts.Unknown},
		{"off by default, compared", "type: string, default: 'false'", "${{ inputs.p == 'true' }}", facts.Unknown},
		{"off by default, turned round", "type: boolean, default: false", "${{ !inputs.p }}", facts.Unknown},
		{"on by default", "type: boolean, default: true", "${{ inputs.p }}", facts.Yes},
		{"without a default", "type: boolean", "${{ inputs.p }}", facts.Unknown},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			doc := parse(t, "on: {workflow_call: {inputs: {p: {"+tt.input+"}}}}\n"+body+tt.push+"\n")
			compare(t, tt.want, doc.Builds[0].Push)
		})
	}
}

func TestScriptsThatAreRetried(t *testing.T) {
	doc := parse(t, steps(`
      - uses: nick-fields/retry@v2
        with:
          max_attempts: 3
          command: |
            docker build \
              --tag x/y:${{ github.run_id }} \
              sub
      - uses: nick-invision/retry@v2
        with: {command: "docker push x/y:${{ github.run_id }}"}
      - uses: Wandalen/wretry.action@v3
        with: {command: docker build -t a/b ., current_path: app}
      - uses: nick-fields/retry@v3
        with: {command: "docker build -t c/d .", shell: pwsh}
`))
	var got []build
	for _, b := range doc.Builds {
		got = append(got, seen(b))
	}
	compare(t, []build{
		{At: "10:13 docker build", Tool: "docker build", Job: "j", Context: "sub", Dockerfile: "sub/Dockerfile", Push: facts.Yes, Tags: []string{"x/y:?"}, Runner: []string{"amd64"}},
		{At: "16:25 docker build", Tool: "docker build", Job: "j", Context: ".", Dockerfile: "app/Dockerfile", Push: facts.No, Tags: []string{"a/b"}, Runner: []string{"amd64"}},
	}, got)
}
