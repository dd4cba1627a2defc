{{/* The image: REPOSITORY:TAG, and the digest where one is given. */}}
{{- define "haproxy-peer-sync.image" -}}
{{- printf "%s:%s" .repository .tag -}}
{{- with .digest }}@{{ . }}{{ end -}}
{{- end }}

{{/* Flags that init and sidecar have in common. */}}
{{- define "haproxy-peer-sync.args" -}}
{{- with .source.selector }}
- --selector={{ . }}
{{- end }}
{{- range .extraArgs }}
- {{ . | quote }}
{{- end }}
{{- end }}

{{/* "true" with lessons of reload mode, else nothing. */}}
{{- define "haproxy-peer-sync.compares" -}}
{{- if and .lessons (ne .mode "relay") -}}
{{- if .tls.enabled -}}
{{- fail "lessons and tls.enabled exclude each other: a peers section has one bind line, which speaks TLS then" -}}
{{- end -}}
true
{{- end -}}
{{- end }}

{{/* What both read from the environment. */}}
{{- define "haproxy-peer-sync.env" -}}
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: POD_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
- { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
- { name: POD_IPS, valueFrom: { fieldRef: { fieldPath: status.podIPs } } }
{{- if eq .mode "relay" }}
- { name: HAPROXY_PEER_SYNC_MODE, value: relay }
- { name: HAPROXY_PEER_SYNC_TEMPLATE, value: /etc/haproxy-template/{{ .config.key }} }
{{- else if include "haproxy-peer-sync.compares" . }}
- { name: HAPROXY_PEER_SYNC_LESSONS, value: "true" }
{{- end }}
{{- if or (eq .mode "relay") (include "haproxy-peer-sync.compares" .) }}
- { name: POD_UID, valueFrom: { fieldRef: { fieldPath: metadata.uid } } }
{{- if ne (int .relay.port) 3001 }}
- { name: HAPROXY_PEER_SYNC_RELAY_PORT, value: {{ .relay.port | quote }} }
{{- end }}
{{- end }}
{{- if ne .config.folder "/etc/haproxy" }}
- { name: HAPROXY_PEER_SYNC_HAPROXY_CONFIG, value: {{ .config.folder }}/haproxy.cfg }
{{- if ne .mode "relay" }}
- { name: HAPROXY_PEER_SYNC_DATAPLANE_PASSWORD_FILE, value: {{ .config.folder }}/dataplaneapi.password }
- { name: HAPROXY_PEER_SYNC_DATAPLANE_CONFIG, value: {{ .config.folder }}/dataplaneapi.yml }
{{- end }}
{{- end }}
{{- if and (ne .applier "dataplane") (ne .mode "relay") }}
- { name: HAPROXY_PEER_SYNC_APPLIER, value: {{ .applier }} }
{{- end }}
{{- if eq .source.type "service" }}
- { name: HAPROXY_PEER_SYNC_SERVICE, value: {{ required "source.service is the name of the Service whose endpoints are the replicas" .source.service }} }
{{- else if eq .source.type "dns" }}
- { name: HAPROXY_PEER_SYNC_DNS, value: {{ required "source.dns is the name that resolves to all replicas" .source.dns }} }
{{- end }}
{{- if ne (int .peersPort) 3000 }}
- { name: HAPROXY_PEER_SYNC_PEERS_PORT, value: {{ .peersPort | quote }} }
{{- end }}
{{- if ne (int .listenPort) 8405 }}
- { name: HAPROXY_PEER_SYNC_LISTEN, value: ":{{ .listenPort }}" }
{{- end }}
{{- if and .tls.enabled (eq .mode "relay") }}
- { name: HAPROXY_PEER_SYNC_RELAY_TRUST, value: certificates }
{{- else if .tls.enabled }}
- { name: HAPROXY_PEER_SYNC_PEERS_TLS, value: "true" }
{{- with .tls.verifyHost }}
- { name: HAPROXY_PEER_SYNC_PEERS_TLS_VERIFY_HOST, value: {{ . }} }
{{- end }}
{{- end }}
{{- with .extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "haproxy-peer-sync.mounts" -}}
- { name: etc, mountPath: {{ .config.folder }} }
- { name: run, mountPath: /var/run/haproxy }
- { name: podinfo, mountPath: /etc/podinfo, readOnly: true }
{{- if ne .source.type "dns" }}
- { name: token, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true }
{{- end }}
{{- if .tls.enabled }}
# The whole directory, not a subPath, so that the kubelet updates a renewed certificate.
- { name: tls, mountPath: /etc/haproxy-tls, readOnly: true }
{{- end }}
{{- if and (eq .mode "relay") (not .tls.enabled) }}
# The whole directory, not a subPath, so that the kubelet updates a key that is replaced.
- { name: relay, mountPath: /etc/haproxy-peer-sync/relay, readOnly: true }
{{- end }}
{{- end }}

{{/*
Init container (in mode reload) and native sidecar, as a list for `initContainers`. Takes the values of this chart.
*/}}
{{- define "haproxy-peer-sync.initContainers" -}}
{{- if ne .mode "relay" }}
# Writes haproxy.cfg with the complete peers section, and waits until the running peers know this pod.
- name: haproxy-peer-sync-init
  image: {{ include "haproxy-peer-sync.image" .image }}
  imagePullPolicy: {{ .image.pullPolicy }}
  args:
    - init
    - --template=/etc/haproxy-template/{{ .config.key }}
    {{- include "haproxy-peer-sync.args" . | nindent 4 }}
  env:
    {{- include "haproxy-peer-sync.env" . | nindent 4 }}
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    - { name: {{ .config.volume }}, mountPath: /etc/haproxy-template, readOnly: true }
    {{- include "haproxy-peer-sync.mounts" . | nindent 4 }}
{{- end }}
# A native sidecar (restartPolicy Always): runs before HAProxy starts and until after it has ended.
- name: haproxy-peer-sync
  image: {{ include "haproxy-peer-sync.image" .image }}
  imagePullPolicy: {{ .image.pullPolicy }}
  restartPolicy: Always
  args:
    - run
    {{- include "haproxy-peer-sync.args" . | nindent 4 }}
  env:
    {{- include "haproxy-peer-sync.env" . | nindent 4 }}
  ports:
    {{- if or (eq .mode "relay") (include "haproxy-peer-sync.compares" .) }}
    - { name: relay, containerPort: {{ .relay.port }} }
    {{- end }}
    - { name: peer-sync, containerPort: {{ .listenPort }} }
  {{- if eq .mode "relay" }}
  # kubelet starts HAProxy when this is over: as soon as there is a haproxy.cfg. A startup probe is asked once a second, and takes longer.
  lifecycle:
    postStart:
      exec:
        command:
          - timeout
          - "60"
          - sh
          - -c
          - until [ -s {{ .config.folder }}/haproxy.cfg ]; do sleep 0.1; done
  {{- else }}
  startupProbe:
    httpGet: { path: /livez, port: peer-sync }
    periodSeconds: 1
    failureThreshold: 60
  {{- end }}
  livenessProbe:
    httpGet: { path: /livez, port: peer-sync }
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  # Fails until the peers section is loaded and the tables are learned, and again if HAProxy restarts without its tables.
  readinessProbe:
    httpGet: { path: /readyz, port: peer-sync }
    periodSeconds: 1
    timeoutSeconds: 5
    # A HAProxy that has crashed is up again before a second answer, and its tables are not.
    failureThreshold: 1
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    {{- if eq .mode "relay" }}
    - { name: {{ .config.volume }}, mountPath: /etc/haproxy-template, readOnly: true }
    {{- end }}
    {{- include "haproxy-peer-sync.mounts" . | nindent 4 }}
    {{- if include "haproxy-peer-sync.compares" . }}
    # init does not need it.
    - { name: relay, mountPath: /etc/haproxy-peer-sync/relay, readOnly: true }
    {{- end }}
{{- end }}

{{/*
The Data Plane API, as a list for `containers`; empty with `applier: direct` and with `mode: relay`.
*/}}
{{- define "haproxy-peer-sync.dataplaneapi" -}}
{{- if and (eq .applier "dataplane") (ne .mode "relay") -}}
- name: dataplaneapi
  image: {{ required "dataplaneapi.image is an image with dataplaneapi, socat and the same version of haproxy as yours" .dataplaneapi.image }}
  imagePullPolicy: {{ .dataplaneapi.pullPolicy }}
  # The Data Plane API decides at its start how it reloads HAProxy, so start it only once HAProxy answers
  # on both sockets. A unix socket left behind by an earlier run would keep it from listening.
  # The image's stop signal, SIGUSR1, is for HAProxy. For the Data Plane API it has another meaning.
  command: [/bin/sh, -c]
  args:
    - |
      trap 'kill -TERM "$child" 2>/dev/null || exit 0' USR1 TERM
      answers() { [ -S "$1" ] && echo "$2" | socat -t 2 - "UNIX-CONNECT:$1" 2>/dev/null | grep -q .; }
      until answers /var/run/haproxy/master.sock 'show version' && answers /var/run/haproxy/admin.sock 'show info'; do
        sleep 0.2
      done
      rm -f /var/run/haproxy/dataplaneapi.sock
      dataplaneapi -f {{ .config.folder }}/dataplaneapi.yml & child=$!
      # A trapped signal ends the first wait before the program has ended.
      wait "$child" || wait "$child"
  # The kubelet cannot reach its address, so the probe runs in the container. It sends no credentials: a 401 is an answer, too.
  # Not a readiness probe, because HAProxy also serves without the Data Plane API.
  startupProbe:
    exec:
      command: &asked
        - /bin/sh
        - -c
        - printf 'GET / HTTP/1.0\r\n\r\n' | socat -t 2 - TCP:127.0.0.1:5555 | grep -q ^HTTP/
    periodSeconds: 2
    timeoutSeconds: 5
    failureThreshold: 60
  livenessProbe:
    exec:
      command: *asked
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  # Peers that join are added as long as HAProxy serves.
  lifecycle:
    preStop: { sleep: { seconds: {{ .preStopSeconds }} } }
  resources:
    {{- toYaml .dataplaneapi.resources | nindent 4 }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    - { name: etc, mountPath: {{ .config.folder }} }
    - { name: run, mountPath: /var/run/haproxy }
    - { name: tmp, mountPath: /tmp }
{{- end }}
{{- end }}

{{/*
The volumes of all of them, as a list for `volumes`. The one with haproxy.cfg (`config.volume`) is the pod's own.
*/}}
{{- define "haproxy-peer-sync.volumes" -}}
- name: etc
{{- if and .tls.enabled (ne .mode "relay") }}
  # init writes the key here for HAProxy, mode 0600. In memory, so that it never reaches the disk of the node.
  emptyDir: { medium: Memory, sizeLimit: 32Mi }
{{- else }}
  emptyDir: {}
{{- end }}
- name: run
  emptyDir: {}
{{- if and (eq .applier "dataplane") (ne .mode "relay") }}
- name: tmp
  emptyDir: {}
{{- end }}
- name: podinfo
  downwardAPI:
    items:
      - path: labels
        fieldRef: { fieldPath: metadata.labels }
{{- if ne .source.type "dns" }}
- name: token
  projected:
    sources:
      - serviceAccountToken: { path: token, expirationSeconds: 3607 }
      - configMap: { name: kube-root-ca.crt, items: [{ key: ca.crt, path: ca.crt }] }
      - downwardAPI: { items: [{ path: namespace, fieldRef: { fieldPath: metadata.namespace } }] }
{{- end }}
{{- if .tls.enabled }}
- name: tls
  secret:
    secretName: {{ required "tls.secretName is the Secret with tls.crt, tls.key and ca.crt" .tls.secretName }}
    # Readable only for the group of the pod (fsGroup).
    defaultMode: 0440
{{- end }}
{{- if or (and (eq .mode "relay") (not .tls.enabled)) (include "haproxy-peer-sync.compares" .) }}
- name: relay
  secret:
    secretName: {{ required "relay.secretName is the Secret with the key that the sidecars share" .relay.secretName }}
    # Readable only for the group of the pod (fsGroup).
    defaultMode: 0440
{{- end }}
{{- end }}

{{/*
What the Role of the pods has to allow, as a list for `rules`; empty with `source.type: dns`.
*/}}
{{- define "haproxy-peer-sync.rules" -}}
{{- if eq .source.type "kubernetes" }}
- apiGroups: [""]
  resources: [pods]
  verbs: [get, list, watch]
{{- else if eq .source.type "service" }}
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
{{- end }}
{{- if ne .source.type "dns" }}
# Optional: Events on the pods of what an operator must know.
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
{{- end }}
{{- end }}
