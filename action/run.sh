#!/usr/bin/env bash
# Gets archlint and runs it, for action.yml, which hands over the inputs as
# ARCHLINT_* variables.
#
# A released version is downloaded. Whatever speaks against that, a checksum or an
# attestation that is wrong included, leads to a build from source, which needs Go
# and takes seconds, or nothing when Go's build cache has it.
#
# It works with the bash 3.2 of macOS and the bash of Git for Windows.

set -euo pipefail
set -f # paths may be patterns: archlint expands them, not the shell

module=github.com/archlint/archlint
setup='add a step with "uses: actions/setup-go@v6" and "go-version: stable" before archlint'

# fail TEXT shows an error on the page of the run and ends the step as wrong usage does.
fail() {
	local text=$1
	text=${text//\%/%25}
	text=${text//$'\r'/%0D}
	text=${text//$'\n'/%0A}
	printf '::error title=archlint::%s\n' "$text"
	exit 2
}

# harmless copies its input, in which the runner would obey lines that look like
# commands: names of files stand in messages.
harmless() {
	tr '\r' '\n' | sed -e 's/^[[:space:]]*::/\\&/' -e 's/##\[/##\\[/g'
}

# slashes PATH prints a path of Windows in the form that both bash and Go take.
slashes() {
	if command -v cygpath >/dev/null 2>&1; then
		cygpath -m -- "$1"
	else
		printf '%s\n' "$1"
	fi
}

action=$(slashes "${GITHUB_ACTION_PATH:?is set by the runner}")
action=${action%/}
temp=$(slashes "${RUNNER_TEMP:-${TMPDIR:-/tmp}}")
bin=$temp/archlint/bin # kept for other steps of the job: Go sees what is out of date
mkdir -p "$bin"
work=$(mktemp -d "$temp/archlint/run.XXXXXX")

# boolean NAME VALUE checks an input that is true or false.
boolean() {
	case $2 in
	true | false) ;;
	*) fail "$1 is true or false, not \"$2\"" ;;
	esac
}

boolean offline "$ARCHLINT_OFFLINE"
boolean strict "$ARCHLINT_STRICT"
if [[ -n $ARCHLINT_VERSION && ! $ARCHLINT_VERSION =~ ^[A-Za-z0-9][A-Za-z0-9._+-]*$ ]]; then
	fail "version is a version of archlint such as v0.1.0, or latest, not \"$ARCHLINT_VERSION\""
fi

# fetch URL FILE downloads at most 100 MiB, by https only, redirects included.
fetch() {
	curl --proto '=https' --tlsv1.2 --fail --silent --show-error --location --retry 2 \
		--connect-timeout 10 --max-time 120 --max-filesize 104857600 --output "$2" "$1"
}

# sha256 FILE prints its checksum.
sha256() {
	local sum
	if command -v sha256sum >/dev/null 2>&1; then
		sum=$(sha256sum "$1")
	else
		sum=$(shasum -a 256 "$1")
	fi
	printf '%s\n' "${sum%% *}"
}

# warn TEXT shows a warning on the page of the run. The text has no line end.
warn() {
	printf '::warning title=archlint::%s\n' "$1"
}

# released VERSION downloads a release for this runner and sets $program. It says why
# when it does not.
released() {
	local version=$1 url=https://github.com/archlint/archlint/releases
	local system machine ending='' pattern sum name archive='' expected='' dir
	case ${RUNNER_OS:-$(uname -s)} in
	Linux) system=linux ;;
	macOS | Darwin) system=darwin ;;
	Windows | MINGW* | MSYS*) system=windows ending=.exe ;;
	*) echo "there is no release for ${RUNNER_OS:-this system}" && return 1 ;;
	esac
	case ${RUNNER_ARCH:-$(uname -m)} in
	X64 | x86_64 | amd64) machine=amd64 ;;
	ARM64 | aarch64 | arm64) machine=arm64 ;;
	*) echo "there is no release for ${RUNNER_ARCH:-this machine}" && return 1 ;;
	esac
	command -v curl >/dev/null 2>&1 || { echo 'there is no curl to download a release' && return 1; }

	if [[ $version == latest ]]; then
		fetch "$url/latest/download/checksums.txt" "$work/checksums.txt" || return
	else
		fetch "$url/download/$version/checksums.txt" "$work/checksums.txt" || return
	fi
	pattern="^archlint_([0-9A-Za-z.-]+)_${system}_$machine\\.tar\\.gz\$"
	while read -r sum name; do
		if [[ $name =~ $pattern && ($version == latest || $version == "v${BASH_REMATCH[1]}") ]]; then
			version=v${BASH_REMATCH[1]} archive=$name expected=$sum
		fi
	done <"$work/checksums.txt"
	[[ -n $archive ]] || { echo "the release has no archive for $system/$machine" && return 1; }

	dir=$temp/archlint/$version # kept for other steps of the job
	if [[ ! -x $dir/archlint$ending ]]; then
		fetch "$url/download/$version/$archive" "$work/$archive" || return
		if [[ $(sha256 "$work/$archive") != "$expected" ]]; then
			warn "The checksum of $archive is not the one of the release, so it is not used."
			return 1
		fi
		attested "$work/$archive" || return
		# Without a drive in the names, which tar takes for another machine.
		(cd "$work" && tar -xzf "$archive" "archlint$ending") || return
		mkdir -p "$dir"
		mv "$work/archlint$ending" "$dir/archlint$ending"
	fi
	program=$dir/archlint$ending
	echo "archlint $version, as it was released"
}

# attested FILE asks GitHub's own tool, where it is, whether the file was built by the
# workflow that makes releases.
attested() {
	if [[ -z ${GH_TOKEN:-} || ${GITHUB_SERVER_URL:-} != https://github.com ]] || ! gh attestation verify --help >/dev/null 2>&1; then
		echo 'the attestation is not verified: there is no gh with a token of github.com'
		return
	fi
	if ! gh attestation verify "$1" --repo archlint/archlint --signer-workflow archlint/archlint/.github/workflows/release.yml; then
		warn "The attestation of ${1##*/} could not be verified, so it is not used."
		return 1
	fi
}

# build writes the program for this machine to $bin, whatever the job sets for
# the programs that it builds itself.
build() {
	command -v go >/dev/null 2>&1 ||
		fail "archlint is built from source here and there is no Go on this runner: $setup"
	unset GOFLAGS GOBIN GOOS GOARCH
	export GOWORK=off CGO_ENABLED=0
	GOOS=$(go env GOHOSTOS)
	GOARCH=$(go env GOHOSTARCH)
	export GOOS GOARCH
	if [[ -n $ARCHLINT_VERSION ]]; then
		GOBIN=$bin go install -trimpath "$module/cmd/archlint@$ARCHLINT_VERSION" ||
			fail "archlint $ARCHLINT_VERSION could not be built: see the log; if Go is too old, $setup"
		return
	fi
	cd "$action"
	# Go refuses a go.mod that asks for a newer Go than it has and may fetch.
	go list -m >/dev/null ||
		fail "archlint needs Go $(sed -n 's/^go //p' go.mod), which $(go env GOVERSION) on this runner is not and does not fetch: $setup"
	go build -trimpath -buildvcs=false -o "$bin/" ./cmd/archlint ||
		fail 'archlint could not be built: see the log'
}

echo '::group::Get archlint'
program=$bin/archlint
version=${ARCHLINT_VERSION:-$(<"$action/action/version")}
# Go builds any revision, but only versions are released.
if ! [[ $version =~ ^(v[0-9]+\.[0-9]+\.[0-9]+(-[0-9A-Za-z.-]+)?|latest)$ ]] || ! released "$version"; then
	(build)
fi
unset GH_TOKEN # nothing that follows has a use for it
echo '::endgroup::'

args=(--format github "--format=json=$work/report.json" "--fail-on=$ARCHLINT_FAIL_ON")
if [[ $ARCHLINT_OFFLINE == true ]]; then
	args+=(--offline)
fi
if [[ $ARCHLINT_STRICT == true ]]; then
	args+=(--strict)
fi
if [[ -n $ARCHLINT_CACHE_DIR ]]; then
	args+=("--cache-dir=$ARCHLINT_CACHE_DIR")
fi
if [[ -n $ARCHLINT_PLATFORMS ]]; then
	args+=("--platforms=$ARCHLINT_PLATFORMS")
fi
if [[ -n ${ARCHLINT_BASELINE:-} ]]; then
	args+=("--baseline=$ARCHLINT_BASELINE")
fi
if [[ -n ${ARCHLINT_SARIF:-} ]]; then
	args+=("--format=sarif=$ARCHLINT_SARIF")
fi
IFS=$' \t\n' read -r -d '' -a paths <<<"${ARCHLINT_PATHS:-./...}" || true
if [[ ${#paths[@]} -eq 0 ]]; then
	paths=(./...)
fi

cd -- "${ARCHLINT_WORKING_DIRECTORY:-.}" ||
	fail "working-directory: there is no directory \"$ARCHLINT_WORKING_DIRECTORY\"; is the repository checked out?"

# related COMMIT tells whether the history that is here leads from HEAD to a commit,
# or to where both come from.
related() {
	git merge-base "$1" HEAD >/dev/null 2>&1
}

# reach COMMIT gets what is missing of a history that checkout has cut, from where the
# checkout came, with the credentials that it left. It never cuts more of it.
reach() {
	local head depth more
	related "$1" && return
	[[ $(git rev-parse --is-shallow-repository 2>/dev/null) == true ]] || return
	head=$(git rev-parse HEAD)
	for more in 1 50 1000; do
		depth=$(($(git rev-list --count HEAD) + more))
		GIT_TERMINAL_PROMPT=0 git fetch --quiet --no-tags --no-recurse-submodules --no-write-fetch-head "--depth=$depth" origin "$head" "$1" || return
		related "$1" && return
	done
	return 1
}

commit='^[0-9a-f]{40,64}$'
since=${ARCHLINT_SINCE:-}
if [[ $since == auto ]]; then
	since=
	if [[ ${ARCHLINT_BASE:-} =~ $commit ]]; then
		since=$ARCHLINT_BASE
	fi
fi
# Other revisions than commits are archlint's to judge.
if [[ $since =~ $commit ]] && ! reach "$since" 2>"$work/fetch"; then
	harmless <"$work/fetch" >&2
	if [[ $ARCHLINT_SINCE == auto ]]; then
		# Nobody has asked for it: say more rather than nothing.
		echo '::warning title=archlint::The base of the pull request could not be fetched, so all findings are shown, not only new ones. Give actions/checkout "fetch-depth: 0", or set "since" to "" for all findings.'
		since=
	fi
fi
if [[ -n $since ]]; then
	args+=("--since=$since")
fi

# A configuration says which hosts are asked, and a fork's is of a stranger: that of the
# base counts, or none.
trust=${ARCHLINT_TRUST_CONFIG:-auto}
case $trust in
auto) if [[ ${ARCHLINT_FORK:-false} == true ]]; then trust=false; else trust=true; fi ;;
true | false) ;;
*) fail "trust-config is auto, true or false, not \"$trust\"" ;;
esac
if [[ $trust == false ]]; then
	if [[ ${ARCHLINT_PULL_BASE:-} =~ $commit ]] && reach "$ARCHLINT_PULL_BASE" 2>"$work/fetch"; then
		args+=("--config-revision=$ARCHLINT_PULL_BASE")
	else
		echo '::warning title=archlint::The base of the pull request is not here, so no .archlint.yaml is used: the one that is checked out may be of a stranger. Give actions/checkout "fetch-depth: 0", or see "trust-config".'
		args+=(--no-repo-config)
		ARCHLINT_CONFIG=
	fi
fi
if [[ -n $ARCHLINT_CONFIG ]]; then
	args+=("--config=$ARCHLINT_CONFIG")
fi
status=0
# Git for Windows takes arguments with slashes for paths to translate.
export MSYS_NO_PATHCONV=1 MSYS2_ARG_CONV_EXCL='*'
"$program" "${args[@]}" -- "${paths[@]}" </dev/null 2>"$work/messages" || status=$?
harmless <"$work/messages" >&2

# The counts stand in one object. No text in the report can look like its
# beginning, because quotes within text have a backslash before them.
if [[ -s $work/report.json ]]; then
	summary=$(tr -d '\r\n' <"$work/report.json" | grep -o '"summary": *{[^{}]*}')
	for name in findings errors warnings; do
		count=$(grep -o "\"$name\": *[0-9]*" <<<"$summary" | tr -cd '0-9')
		echo "$name=$count" >>"$GITHUB_OUTPUT"
	done
fi
if [[ -n ${ARCHLINT_SARIF:-} && -s $ARCHLINT_SARIF && $ARCHLINT_SARIF != *$'\n'* ]]; then
	sarif=$ARCHLINT_SARIF
	case $sarif in
	/* | ?:*) ;;
	*) sarif=${ARCHLINT_WORKING_DIRECTORY:-.}/$sarif ;;
	esac
	printf 'sarif=%s\n' "${sarif//$'\r'/}" >>"$GITHUB_OUTPUT"
fi
if [[ $status -gt 1 ]]; then
	printf '::error title=archlint::archlint did not do its work (exit code %d): see the log\n' "$status"
fi
exit "$status"
