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

{{/* What both read from the environment. */}}
{{- define "haproxy-peer-sync.env" -}}
- { name: POD_NAME, valueFrom: { fieldRef: { fieldPath: metadata.name } } }
- { name: POD_NAMESPACE, valueFrom: { fieldRef: { fieldPath: metadata.namespace } } }
- { name: POD_IP, valueFrom: { fieldRef: { fieldPath: status.podIP } } }
- { name: POD_IPS, valueFrom: { fieldRef: { fieldPath: status.podIPs } } }
{{- if ne .config.folder "/etc/haproxy" }}
- { name: HAPROXY_PEER_SYNC_HAPROXY_CONFIG, value: {{ .config.folder }}/haproxy.cfg }
- { name: HAPROXY_PEER_SYNC_DATAPLANE_PASSWORD_FILE, value: {{ .config.folder }}/dataplaneapi.password }
- { name: HAPROXY_PEER_SYNC_DATAPLANE_CONFIG, value: {{ .config.folder }}/dataplaneapi.yml }
{{- end }}
{{- if ne .applier "dataplane" }}
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
{{- if .tls.enabled }}
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
# The whole directory, no subPath: kubelet replaces a renewed certificate in it.
- { name: tls, mountPath: /etc/haproxy-tls, readOnly: true }
{{- end }}
{{- end }}

{{/*
Init container and native sidecar, as a list for `initContainers`. Takes the values of this chart.
*/}}
{{- define "haproxy-peer-sync.initContainers" -}}
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
    - { name: peer-sync, containerPort: {{ .listenPort }} }
  startupProbe:
    httpGet: { path: /livez, port: peer-sync }
    periodSeconds: 1
    failureThreshold: 60
  livenessProbe:
    httpGet: { path: /livez, port: peer-sync }
    periodSeconds: 10
    timeoutSeconds: 5
    failureThreshold: 6
  # False until the peers section is in force and the tables are learned; then true for good.
  readinessProbe:
    httpGet: { path: /readyz, port: peer-sync }
    periodSeconds: 1
    timeoutSeconds: 2
  resources:
    {{- toYaml .resources | nindent 4 }}
  securityContext:
    {{- toYaml .securityContext | nindent 4 }}
  volumeMounts:
    {{- include "haproxy-peer-sync.mounts" . | nindent 4 }}
{{- end }}

{{/*
The Data Plane API, as a list for `containers`; empty with `applier: direct`.
*/}}
{{- define "haproxy-peer-sync.dataplaneapi" -}}
{{- if eq .applier "dataplane" -}}
- name: dataplaneapi
  image: {{ required "dataplaneapi.image is an image with dataplaneapi, socat and the same version of haproxy as yours" .dataplaneapi.image }}
  imagePullPolicy: {{ .dataplaneapi.pullPolicy }}
  # The Data Plane API decides once, when it starts, how it will reload HAProxy: only start it when HAProxy answers
  # on both sockets. What an earlier run of it left behind would keep it from listening on a unix socket.
  # The image's stop signal, SIGUSR1, is for HAProxy: to the Data Plane API it means something else.
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
  # It listens where kubelet cannot ask, so somebody in the container asks: without credentials, which is an answer, too.
  # Not a readiness probe: HAProxy serves as well while the Data Plane API is away.
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
  # As long as HAProxy serves, peers that join are added.
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
{{- if .tls.enabled }}
  # The key is written here for HAProxy, mode 0600: in memory, it never reaches the disk of the node.
  emptyDir: { medium: Memory, sizeLimit: 32Mi }
{{- else }}
  emptyDir: {}
{{- end }}
- name: run
  emptyDir: {}
{{- if eq .applier "dataplane" }}
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
    # For the group of the pod (fsGroup), and nobody else.
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
