package secret

import (
	"strings"
	"testing"
)

func TestHide(t *testing.T) {
	// Put together, or others who look for secrets would find them here.
	token, key := "gh"+"p_"+strings.Repeat("a1B2", 9), "AK"+"IA"+strings.Repeat("A1B2", 4)
	for text, want := range map[string]string{
		"curl https://user:hunter2@host/x-amd64":                  "curl https://user:***@host/x-amd64",
		"git clone https://oauth2:" + token + "@github.com/a/b":   "git clone https://oauth2:***@github.com/a/b",
		"https://" + token + "@github.com/a":                      "https://***@github.com/a",
		"https://0123456789abcdef@host/a":                         "https://***@host/a",
		"wget ftp://u:p%40ss@host/a?x=1":                          "wget ftp://u:***@host/a?x=1",
		"echo " + token + " | login":                              "echo *** | login",
		"ENV AWS_ACCESS_KEY_ID=" + key:                            "ENV AWS_ACCESS_KEY_ID=***",
		"AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG'":          "AWS_SECRET_ACCESS_KEY: '***'",
		`curl -H "Authorization: Bearer abc.def" https://h/amd64`: `curl -H "Authorization: Bearer ***" https://h/amd64`,
		`curl -H 'PRIVATE-TOKEN: s3cr3t' https://h/amd64`:         `curl -H 'PRIVATE-TOKEN: ***' https://h/amd64`,
		"curl --header=authorization:xyz":                         "curl --header=authorization:***",
		"curl -u admin:s3cr3t https://h/amd64":                    "curl -u admin:*** https://h/amd64",
		"docker login --username a --password s3cr3t":             "docker login --username a --password ***",
		"https://s3/x_amd64.tgz?X-Amz-Signature=abcdef&a=b":       "https://s3/x_amd64.tgz?X-Amz-Signature=***&a=b",
		"NPM_TOKEN=abcdefgh1234 npm ci":                           "NPM_TOKEN=*** npm ci",
		// No secrets.
		"https://user:${TOKEN}@host/x":                       "https://user:${TOKEN}@host/x",
		"https://user:$TOKEN@host/x":                         "https://user:$TOKEN@host/x",
		"uses: docker://alpine@sha256:0123":                  "uses: docker://alpine@sha256:0123",
		"https://long-repository-name@sha256:0123":           "https://long-repository-name@sha256:0123",
		"ssh://git@github.com/a/b":                           "ssh://git@github.com/a/b",
		"registry.example.com:5000/app@sha256:0123":          "registry.example.com:5000/app@sha256:0123",
		"Authorization: Bearer ${{ secrets.GITHUB_TOKEN }}":  "Authorization: Bearer ${{ secrets.GITHUB_TOKEN }}",
		"secretName: registry-credentials":                   "secretName: registry-credentials",
		"--mount=type=secret,id=npm_token,target=/run/amd64": "--mount=type=secret,id=npm_token,target=/run/amd64",
		"ARG TOKEN": "ARG TOKEN",
		"https://example.com/a-very-long-name/b@c":                  "https://example.com/a-very-long-name/b@c",
		"RUN apt-get install -y libc6:amd64 && useradd -u 1000 a:b": "RUN apt-get install -y libc6:amd64 && useradd -u 1000 a:b",
	} {
		got := Hide(text)
		if got != want {
			t.Errorf("%s\n got %s\nwant %s", text, got, want)
		}
		if again := Hide(got); again != got {
			t.Errorf("%s\nwas hidden twice: %s", got, again)
		}
	}
}

func FuzzHide(f *testing.F) {
	for _, seed := range []string{"https://user:hunter2@host/x", "Authorization: Bearer abcdefgh", "-u a:b TOKEN=abcdefghi ?token=x&sig=y", "eyJ01234567.89abcdef01.x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		at := 0
		for _, r := range Find(s) {
			if r[0] < at || r[1] < r[0] || r[1] > len(s) {
				t.Fatalf("%v of %d bytes", r, len(s))
			}
			at = r[1]
		}
		_ = Hide(s)
	})
}
