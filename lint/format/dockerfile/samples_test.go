package dockerfile

import "strings"

// samples are Dockerfiles that are valid to BuildKit.
var samples = map[string]string{
	"small":      "FROM alpine\n",
	"no newline": "FROM alpine",
	"stages": `# syntax=docker/dockerfile:1.7
# check=skip=all

# what it is built from
ARG BASE=debian:12 UNSET
ARG EMPTY=
FROM --platform=$BUILDPLATFORM golang:${GO:-1.22} AS Build
from	"$BASE"  as	final-1.x
FROM --platform= scratch
`,
	"arg": `FROM a
ARG A
ARG B=1 C="two words" D='x y' E=a\ b F G=
arg H=$A-${B:-c} I="a\"b" \
    # between
    J=k
`,
	"env": `FROM a
ENV A=b C="d e" D=f\ g E='h\' F=
ENV KEY some value   with "blanks"  
ENV PATH=/usr/lib/x86_64-linux-gnu:$PATH \
    GOARCH=amd64 \

    # a comment
    LAST="a \
b"
ENV LONG some \
  more
`,
	"run": `FROM a
RUN apt-get update
RUN set -eux; \
	apt-get update \
	&& apt-get install -y curl \
    # why we need it \
	&& rm -rf /x; # the shell's comment \
	not run

RUN a && \

    b
RUN echo 'one\n\
two' > /x
RUN --mount=type=cache,target=/root/.cache,id=a --network=none --security=insecure make all
RUN --mount=from=tools,target=/t --mount=type=bind,'"from=golang:1.22"',target=/go \
    --mount=type=secret,id=x true
RUN --mount="type=bind,from=a,target=/b" -- true
RUN [ "a", "b\tc", "\u00e4\ud83d\ude00\/", "" ]
RUN ["single]
RUN [ -f /x ] && echo y
RUN []
run ["a", \
  # comment
  "b"]
RUN a \	 
  b
RUN
`,
	"heredoc": `FROM a
RUN <<EOF
apt-get update
# no comment
  FROM x \
EOF
RUN <<-"END" bash -ex
	#!/bin/sh
	echo "$HOME"
	END
RUN <<-EOF
	#!/usr/bin/env python3
	print("x")
		indented
	EOF
RUN python3 <<'EOF' && \
    # comment between
    echo done
print("$x")
EOF
RUN cat <<EOF > /x
text
EOF
RUN cat <<A 3<<B > /y
a
A
b
B
RUN <<EOF
EOF
RUN cat <<< word
RUN x=$((1<<2))
COPY <<EOF <<'TWO' file /dest/
a
EOF
b
TWO
COPY --chmod=755 <<-EOF /run.sh
	#!/bin/sh
	EOF
ADD <<EOF /y
EOF
ONBUILD RUN <<EOF
echo $x
EOF
RUN echo done
`,
	"copy": `FROM a
COPY a b c/
COPY --from=build --chown=1:1 --link /out /usr/bin/
COPY --from="other"  ["a b", "c"]
COPY --from=0 $X/a ${Y:-b}	/dest
ADD --checksum=sha256:0000000000000000000000000000000000000000000000000000000000000000 https://example.com/x-amd64.tgz /opt/
ADD ["a", "b"]
COPY a \
  # first
  b \
  c /
`,
	"everything else": `FROM a
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src/$TARGETARCH dir  
CMD ["a", "b"]
CMD echo hi
ENTRYPOINT [ "/x86_64/ld.so" ]
ENTRYPOINT exec a \
   b
HEALTHCHECK --interval=5m CMD curl -f http://localhost/
HEALTHCHECK CMD ["a", "b"]
HEALTHCHECK NONE
LABEL a=b c="d e"
LABEL old form
MAINTAINER Some One
EXPOSE 80 443/tcp
STOPSIGNAL SIGTERM
USER 1000:1000
VOLUME ["/a"]
VOLUME /a /b
ONBUILD RUN echo $TARGETARCH
onbuild COPY --from=x a b
ONBUILD ENV a=b
ONBUILD ARG z=1
`,
	"backtick": "# escape=`\n# a comment\nFROM mcr.microsoft.com/windows/servercore\nRUN dir c:\\ `\n    && `\n  # between\n  echo a`b\nENV A=b` c D=\"e`\"f\"\nCOPY a\\b `\n  c:\\\n",
	"crlf":     "# syntax=docker/dockerfile:1\r\nFROM alpine AS x\r\nARG A=b\r\nENV C=d \\\r\n  # note\r\n  E=f\r\nRUN a && \\\r\n    b\r\nRUN <<EOF\r\none\r\ntwo\r\nEOF\r\nRUN cat <<EOF\r\none\r\nEOF\r\n",
	"bom":      "\xef\xbb\xbfFROM alpine\nRUN a\n",
	"tabs":     "FROM\talpine\tAS\tx\n\tRUN\techo\t'äöü'\t\\\n\t\t&&\techo\t日本\n\tENV\tA=ä\tB=日本\n\tCOPY\tä\tö\t/\n",
	"end":      "FROM a\nRUN b \\",
	"ends":     "FROM a\nRUN b \\\n# comment\n\n",
	"odd":      "  FROM a\n# x\n\\\nRUN b\n\\\n\nRUN \\\n\\\n  c\\\nd\\\\\n",
	"linted":   "FROM a\n# check=skip=JSONArgsRecommended\nCMD b\n",
	"shebang":  "#!/usr/bin/env docker\n# note\n# syntax=example.com/dockerfile:2\nFROM a\n",
	"long":     "FROM a\nRUN true" + strings.Repeat(" \\\n  && echo x", 500) + "\n",
}
