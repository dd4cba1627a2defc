{{/*
A pod template of HAProxy, with everything that haproxy-peer-sync adds to it:

  template:
    {{- include "haproxy-peer-sync.pod" (dict "pod" $pod "values" (index .Values "haproxy-peer-sync")) | nindent 4 }}

`pod` is the template as an object (`fromYaml`), `values` those of this chart. Added are init container (not in mode relay) and sidecar, the Data
Plane API, their volumes, and to the container `haproxyContainer` its command, the peers port (not in mode relay), and the mounts. Neither the
token of the service account nor Services as environment variables reach the other containers.
*/}}
{{- define "haproxy-peer-sync.pod" -}}
{{- $values := .values -}}
{{- $pod := deepCopy .pod -}}
{{- $spec := $pod.spec -}}
{{- $found := false -}}
{{- range $spec.containers -}}
{{- if eq .name $values.haproxyContainer -}}
{{- $found = true -}}
{{- $_ := set . "command" (include "haproxy-peer-sync.command" $values | fromYamlArray) -}}
{{- $_ := unset . "args" -}}
{{- /* In mode relay HAProxy talks to its own sidecar only. */ -}}
{{- if ne $values.mode "relay" -}}
{{- $_ := set . "ports" (append (.ports | default list) (dict "name" "peers" "containerPort" (int $values.peersPort))) -}}
{{- end -}}
{{- $mounts := list (dict "name" "etc" "mountPath" $values.config.folder) (dict "name" "run" "mountPath" "/var/run/haproxy") -}}
{{- $_ := set . "volumeMounts" (concat (.volumeMounts | default list) $mounts) -}}
{{- end -}}
{{- end -}}
{{- if not $found -}}
{{- fail (printf "the pod has no container %q; haproxyContainer is the name of the one that runs HAProxy" $values.haproxyContainer) -}}
{{- end -}}
{{- $_ := set $spec "initContainers" (concat ($spec.initContainers | default list) (include "haproxy-peer-sync.initContainers" $values | fromYamlArray)) -}}
{{- $_ := set $spec "containers" (concat $spec.containers (include "haproxy-peer-sync.dataplaneapi" $values | fromYamlArray)) -}}
{{- $_ := set $spec "volumes" (concat ($spec.volumes | default list) (include "haproxy-peer-sync.volumes" $values | fromYamlArray)) -}}
{{- $_ := set $spec "automountServiceAccountToken" false -}}
{{- $_ := set $spec "enableServiceLinks" false -}}
{{ toYaml $pod }}
{{- end }}

{{/* Master-worker mode with a master socket, and the configuration that init or the sidecar has written. */}}
{{- define "haproxy-peer-sync.command" -}}
- haproxy
- -W
- -db
- -S
- /var/run/haproxy/master.sock,mode,600
- -f
- {{ .config.folder }}/haproxy.cfg
{{- end }}
