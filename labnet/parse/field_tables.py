"""Which fields there are: those of Kubernetes v1.33 by type, and those of labnet's own kinds.

A field that stands here is known; what labnet does with it, the tables of the readers say. A line
is `Type: field field=type …`: a field without a type is text, `[]X` is a list of X, `{}X` a mapping
to X, `obj` anything. Types with the same fields share a line; what only the API server writes
(`status`, `managedFields`) is `obj`. Source: the types.go files of k8s.io/api and
k8s.io/kube-proxy at v0.33.0.
"""

from __future__ import annotations

from functools import cache
from typing import Final


_LABNET: Final = """
Lab: apiVersion kind metadata=ObjectMeta spec=LabSpec
LabSpec: networking=LabNetworking kubeProxy=KubeProxyConfiguration loadBalancer=LabLoadBalancer
  nodes=[]LabNode hosts=[]LabHost machineAccess=bool internet=bool
LabNetworking: ipFamily podSubnet serviceSubnet nodeSubnet serviceNodePortRange clusterDomain cni
  mtu=int
LabLoadBalancer: provider pool=[]str
LabNode: name address podCIDR labels={}str zone
LabHost: name address
BridgeContainer: apiVersion kind metadata=ObjectMeta spec=BridgeContainerSpec
BridgeContainerSpec: node image command=[]str args=[]str env=obj publish=[]str network

KubeProxyConfiguration: featureGates={}bool clientConnection=obj logging=obj hostnameOverride
  bindAddress healthzBindAddress metricsBindAddress bindAddressHardFail=bool
  enableProfiling=bool showHiddenMetricsForVersion mode iptables=KubeProxyIPTables
  ipvs=obj nftables=KubeProxyNFTables winkernel=obj detectLocalMode detectLocal=DetectLocal
  clusterCIDR nodePortAddresses=[]str oomScoreAdj=int conntrack=KubeProxyConntrack
  configSyncPeriod portRange windowsRunAsService=bool
KubeProxyIPTables: masqueradeBit=int masqueradeAll=bool localhostNodePorts=bool syncPeriod
  minSyncPeriod
KubeProxyNFTables: masqueradeBit=int masqueradeAll=bool syncPeriod minSyncPeriod
KubeProxyConntrack: maxPerCore=int min=int tcpEstablishedTimeout tcpCloseWaitTimeout
  tcpBeLiberal=bool udpTimeout udpStreamTimeout
DetectLocal: bridgeInterface interfaceNamePrefix
"""

_OBJECTS: Final = """
ObjectMeta: name generateName namespace selfLink uid resourceVersion generation=int
  creationTimestamp deletionTimestamp deletionGracePeriodSeconds=int labels={}str
  annotations={}str ownerReferences=[]OwnerReference finalizers=[]str managedFields=[]obj
OwnerReference: apiVersion kind name uid controller=bool blockOwnerDeletion=bool
LabelSelector: matchLabels={}str matchExpressions=[]SelectorRequirement
SelectorRequirement: key operator values=[]str
Namespace: apiVersion kind metadata=ObjectMeta spec=NamespaceSpec status=obj
NamespaceSpec: finalizers=[]str
ConfigMap: apiVersion kind metadata=ObjectMeta immutable=bool data={}str binaryData={}str
Secret: apiVersion kind metadata=ObjectMeta immutable=bool data={}str stringData={}str type

Pod: apiVersion kind metadata=ObjectMeta spec=PodSpec status=obj
PodTemplateSpec: metadata=ObjectMeta spec=PodSpec
Deployment: apiVersion kind metadata=ObjectMeta spec=DeploymentSpec status=obj
DeploymentSpec: replicas=int selector=LabelSelector template=PodTemplateSpec
  strategy=UpdateStrategy minReadySeconds=int revisionHistoryLimit=int paused=bool
  progressDeadlineSeconds=int
ReplicaSet: apiVersion kind metadata=ObjectMeta spec=ReplicaSetSpec status=obj
ReplicaSetSpec: replicas=int minReadySeconds=int selector=LabelSelector template=PodTemplateSpec
StatefulSet: apiVersion kind metadata=ObjectMeta spec=StatefulSetSpec status=obj
StatefulSetSpec: replicas=int selector=LabelSelector template=PodTemplateSpec
  volumeClaimTemplates=[]PersistentVolumeClaim serviceName podManagementPolicy
  updateStrategy=StatefulUpdateStrategy revisionHistoryLimit=int minReadySeconds=int
  persistentVolumeClaimRetentionPolicy=ClaimRetentionPolicy ordinals=StatefulSetOrdinals
StatefulSetOrdinals: start=int
ClaimRetentionPolicy: whenDeleted whenScaled
DaemonSet: apiVersion kind metadata=ObjectMeta spec=DaemonSetSpec status=obj
DaemonSetSpec: selector=LabelSelector template=PodTemplateSpec updateStrategy=UpdateStrategy
  minReadySeconds=int revisionHistoryLimit=int
UpdateStrategy: type rollingUpdate=RollingUpdate
RollingUpdate: maxUnavailable=int|str maxSurge=int|str
StatefulUpdateStrategy: type rollingUpdate=StatefulRollingUpdate
StatefulRollingUpdate: partition=int maxUnavailable=int|str

Service: apiVersion kind metadata=ObjectMeta spec=ServiceSpec status=ServiceStatus
ServiceSpec: ports=[]ServicePort selector={}str clusterIP clusterIPs=[]str type
  externalIPs=[]str sessionAffinity loadBalancerIP loadBalancerSourceRanges=[]str externalName
  externalTrafficPolicy healthCheckNodePort=int publishNotReadyAddresses=bool
  sessionAffinityConfig=SessionAffinityConfig ipFamilies=[]str ipFamilyPolicy
  allocateLoadBalancerNodePorts=bool loadBalancerClass internalTrafficPolicy trafficDistribution
ServicePort: name protocol appProtocol port=int targetPort=int|str nodePort=int
SessionAffinityConfig: clientIP=ClientIPConfig
ClientIPConfig: timeoutSeconds=int
ServiceStatus: loadBalancer=LoadBalancerStatus conditions=[]obj
LoadBalancerStatus: ingress=[]LoadBalancerIngress
LoadBalancerIngress: ip hostname ipMode ports=[]obj
EndpointSlice: apiVersion kind metadata=ObjectMeta addressType endpoints=[]Endpoint
  ports=[]EndpointPort
Endpoint: addresses=[]str conditions=EndpointConditions hostname targetRef=ObjectReference
  deprecatedTopology={}str nodeName zone hints=EndpointHints
EndpointConditions: ready=bool serving=bool terminating=bool
EndpointHints: forZones=[]Named forNodes=[]Named
EndpointPort: name protocol port=int appProtocol
Endpoints: apiVersion kind metadata=ObjectMeta subsets=[]EndpointSubset
EndpointSubset: addresses=[]EndpointAddress notReadyAddresses=[]EndpointAddress
  ports=[]EndpointPort
EndpointAddress: ip hostname nodeName targetRef=ObjectReference

Ingress: apiVersion kind metadata=ObjectMeta spec=IngressSpec status=obj
IngressSpec: ingressClassName defaultBackend=IngressBackend tls=[]IngressTLS rules=[]IngressRule
IngressTLS: hosts=[]str secretName
IngressRule: host http=IngressHTTP
IngressHTTP: paths=[]IngressPath
IngressPath: path pathType backend=IngressBackend
IngressBackend: service=IngressService resource=TypedReference
IngressService: name port=IngressPort
IngressPort: name number=int
IngressClass: apiVersion kind metadata=ObjectMeta spec=IngressClassSpec
IngressClassSpec: controller parameters=IngressClassParameters
IngressClassParameters: apiGroup kind name scope namespace
NetworkPolicy: apiVersion kind metadata=ObjectMeta spec=NetworkPolicySpec
NetworkPolicySpec: podSelector=LabelSelector ingress=[]PolicyIngressRule
  egress=[]PolicyEgressRule policyTypes=[]str
PolicyIngressRule: ports=[]PolicyPort from=[]PolicyPeer
PolicyEgressRule: ports=[]PolicyPort to=[]PolicyPeer
PolicyPort: protocol port=int|str endPort=int
PolicyPeer: podSelector=LabelSelector namespaceSelector=LabelSelector ipBlock=IPBlock
IPBlock: cidr except=[]str
"""

_POD: Final = """
PodSpec: volumes=[]Volume initContainers=[]Container containers=[]Container
  ephemeralContainers=[]EphemeralContainer restartPolicy terminationGracePeriodSeconds=int
  activeDeadlineSeconds=int dnsPolicy nodeSelector={}str serviceAccountName serviceAccount
  automountServiceAccountToken=bool nodeName hostNetwork=bool hostPID=bool hostIPC=bool
  shareProcessNamespace=bool securityContext=PodSecurityContext imagePullSecrets=[]Named
  hostname subdomain affinity=Affinity schedulerName tolerations=[]Toleration
  hostAliases=[]HostAlias priorityClassName priority=int dnsConfig=DNSConfig
  readinessGates=[]ReadinessGate runtimeClassName enableServiceLinks=bool preemptionPolicy
  overhead={}qty topologySpreadConstraints=[]TopologySpreadConstraint setHostnameAsFQDN=bool
  os=Named hostUsers=bool schedulingGates=[]Named resourceClaims=[]PodResourceClaim
  resources=Resources
Container: name image command=[]str args=[]str workingDir ports=[]ContainerPort
  envFrom=[]EnvFrom env=[]EnvVar resources=Resources resizePolicy=[]ResizePolicy restartPolicy
  volumeMounts=[]VolumeMount volumeDevices=[]VolumeDevice livenessProbe=Probe
  readinessProbe=Probe startupProbe=Probe lifecycle=Lifecycle terminationMessagePath
  terminationMessagePolicy imagePullPolicy securityContext=SecurityContext stdin=bool
  stdinOnce=bool tty=bool
EphemeralContainer: name image command=[]str args=[]str workingDir ports=[]ContainerPort
  envFrom=[]EnvFrom env=[]EnvVar resources=Resources resizePolicy=[]ResizePolicy restartPolicy
  volumeMounts=[]VolumeMount volumeDevices=[]VolumeDevice livenessProbe=Probe
  readinessProbe=Probe startupProbe=Probe lifecycle=Lifecycle terminationMessagePath
  terminationMessagePolicy imagePullPolicy securityContext=SecurityContext stdin=bool
  stdinOnce=bool tty=bool targetContainerName
ContainerPort: name hostPort=int containerPort=int protocol hostIP
EnvVar: name value valueFrom=EnvVarSource
EnvVarSource: fieldRef=FieldRef resourceFieldRef=ResourceFieldRef configMapKeyRef=KeySelector
  secretKeyRef=KeySelector
EnvFrom: prefix configMapRef=OptionalName secretRef=OptionalName
FieldRef: apiVersion fieldPath
ResourceFieldRef: containerName resource divisor=qty
KeySelector: name key optional=bool
OptionalName: name optional=bool
Named: name
VolumeMount: name readOnly=bool recursiveReadOnly mountPath subPath mountPropagation subPathExpr
VolumeDevice: name devicePath
Resources: limits={}qty requests={}qty claims=[]ResourceClaim
ResourceClaim: name request
ResizePolicy: resourceName restartPolicy
PodResourceClaim: name resourceClaimName resourceClaimTemplateName
Probe: exec=Exec httpGet=HTTPGet tcpSocket=TCPSocket grpc=GRPC initialDelaySeconds=int
  timeoutSeconds=int periodSeconds=int successThreshold=int failureThreshold=int
  terminationGracePeriodSeconds=int
Lifecycle: postStart=LifecycleHandler preStop=LifecycleHandler stopSignal
LifecycleHandler: exec=Exec httpGet=HTTPGet tcpSocket=TCPSocket sleep=Sleep
Exec: command=[]str
HTTPGet: path port=int|str host scheme httpHeaders=[]NameValue
TCPSocket: port=int|str host
GRPC: port=int service
Sleep: seconds=int
NameValue: name value
HostAlias: ip hostnames=[]str
DNSConfig: nameservers=[]str searches=[]str options=[]NameValue
ReadinessGate: conditionType
SecurityContext: capabilities=Capabilities privileged=bool seLinuxOptions=SELinuxOptions
  windowsOptions=obj runAsUser=int runAsGroup=int runAsNonRoot=bool readOnlyRootFilesystem=bool
  allowPrivilegeEscalation=bool procMount seccompProfile=Profile appArmorProfile=Profile
PodSecurityContext: seLinuxOptions=SELinuxOptions windowsOptions=obj runAsUser=int
  runAsGroup=int runAsNonRoot=bool supplementalGroups=[]int supplementalGroupsPolicy fsGroup=int
  sysctls=[]NameValue fsGroupChangePolicy seccompProfile=Profile appArmorProfile=Profile
  seLinuxChangePolicy
Capabilities: add=[]str drop=[]str
SELinuxOptions: user role type level
Profile: type localhostProfile
Affinity: nodeAffinity=NodeAffinity podAffinity=PodAffinity podAntiAffinity=PodAffinity
NodeAffinity: requiredDuringSchedulingIgnoredDuringExecution=NodeSelector
  preferredDuringSchedulingIgnoredDuringExecution=[]PreferredNodes
NodeSelector: nodeSelectorTerms=[]NodeSelectorTerm
NodeSelectorTerm: matchExpressions=[]SelectorRequirement matchFields=[]SelectorRequirement
PreferredNodes: weight=int preference=NodeSelectorTerm
PodAffinity: requiredDuringSchedulingIgnoredDuringExecution=[]PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution=[]WeightedPodAffinityTerm
PodAffinityTerm: labelSelector=LabelSelector namespaces=[]str topologyKey
  namespaceSelector=LabelSelector matchLabelKeys=[]str mismatchLabelKeys=[]str
WeightedPodAffinityTerm: weight=int podAffinityTerm=PodAffinityTerm
Toleration: key operator value effect tolerationSeconds=int
TopologySpreadConstraint: maxSkew=int topologyKey whenUnsatisfiable labelSelector=LabelSelector
  minDomains=int nodeAffinityPolicy nodeTaintsPolicy matchLabelKeys=[]str

Volume: name hostPath=HostPath emptyDir=EmptyDir gcePersistentDisk=obj awsElasticBlockStore=obj
  gitRepo=obj secret=SecretVolume nfs=NFS iscsi=obj glusterfs=obj
  persistentVolumeClaim=ClaimVolume rbd=obj flexVolume=obj cinder=obj cephfs=obj flocker=obj
  downwardAPI=DownwardAPIVolume fc=obj azureFile=obj configMap=ConfigMapVolume
  vsphereVolume=obj quobyte=obj azureDisk=obj photonPersistentDisk=obj
  projected=ProjectedVolume portworxVolume=obj scaleIO=obj storageos=obj csi=CSIVolume
  ephemeral=EphemeralVolume image=ImageVolume
HostPath: path type
EmptyDir: medium sizeLimit=qty
ConfigMapVolume: name items=[]KeyToPath defaultMode=int optional=bool
SecretVolume: secretName items=[]KeyToPath defaultMode=int optional=bool
KeyToPath: key path mode=int
NFS: server path readOnly=bool
ClaimVolume: claimName readOnly=bool
CSIVolume: driver readOnly=bool fsType volumeAttributes={}str nodePublishSecretRef=Named
EphemeralVolume: volumeClaimTemplate=PersistentVolumeClaim
ImageVolume: reference pullPolicy
DownwardAPIVolume: items=[]DownwardAPIFile defaultMode=int
DownwardAPIFile: path fieldRef=FieldRef resourceFieldRef=ResourceFieldRef mode=int
ProjectedVolume: sources=[]Projection defaultMode=int
Projection: secret=SourceProjection downwardAPI=DownwardAPIProjection
  configMap=SourceProjection serviceAccountToken=TokenProjection
  clusterTrustBundle=TrustBundleProjection
SourceProjection: name items=[]KeyToPath optional=bool
DownwardAPIProjection: items=[]DownwardAPIFile
TokenProjection: audience expirationSeconds=int path
TrustBundleProjection: name signerName labelSelector=LabelSelector optional=bool path
PersistentVolumeClaim: apiVersion kind metadata=ObjectMeta spec=ClaimSpec status=obj
ClaimSpec: accessModes=[]str selector=LabelSelector resources=Resources volumeName
  storageClassName volumeMode dataSource=TypedReference dataSourceRef=TypedReference
  volumeAttributesClassName
TypedReference: apiGroup kind name namespace
ObjectReference: kind namespace name uid apiVersion resourceVersion fieldPath
"""


@cache
def field_types() -> dict[str, dict[str, str]]:
    """For each type its fields, and for each field the type of its value (`str` unless said)."""
    types: dict[str, dict[str, str]] = {}
    for line in f"{_LABNET}{_OBJECTS}{_POD}".replace("\n  ", " ").splitlines():
        name, _, fields = line.partition(":")
        if name:
            pairs = (field.partition("=") for field in fields.split())
            types[name] = {key: kind or "str" for key, _, kind in pairs}
    return types


def element_type(kind: str) -> str:
    """The type of what is in a list or mapping (`[]X`, `{}X`), or the type itself."""
    while kind.startswith(("[]", "{}")):
        kind = kind[2:]
    return kind
