import { Deployment } from "kubernetes-models/apps/v1/Deployment";
import { Ingress } from "kubernetes-models/networking.k8s.io/v1/Ingress";
import { PodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import { Namespace } from "kubernetes-models/v1/Namespace";
import { Service } from "kubernetes-models/v1/Service";
import { expect, test } from "vitest";
import { documentsOf } from "./deployed.ts";

type Resource = { kind: string; metadata: { name: string } };

/** Kubernetes' own schemas. */
const MODELS = { Deployment, Ingress, Namespace, PodDisruptionBudget, Service };
const FILE = "deploy/k8s/wishbell.yaml";

const find = <T>(kind: string) => documentsOf<Resource>(FILE).find((resource) => resource.kind === kind) as T;
const deployment = find<ConstructorParameters<typeof Deployment>[0]>("Deployment");
const pod = deployment?.spec?.template.spec;
const container = pod?.containers[0];

test.each([...documentsOf<Resource>("deploy/k8s/namespace.yaml"), ...documentsOf<Resource>(FILE)])(
  "the $kind is what Kubernetes expects",
  (resource) => {
    const Model = (MODELS as unknown as Record<string, new (data: unknown) => { validate(): void }>)[resource.kind];
    if (Model === undefined) throw new Error(`${resource.kind} is not looked at`);
    new Model(resource).validate();
  },
);

test("two instances run, on any node, without rights, and have the time to stop", () => {
  expect(deployment?.spec?.replicas).toBe(2);
  expect(pod).toMatchObject({ terminationGracePeriodSeconds: 30, automountServiceAccountToken: false });
  expect(pod?.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000 });
  expect(container?.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
  });
  expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(["/tmp", "/app/data"]);
});

test("each probe asks the path that is for it", () => {
  expect(container?.livenessProbe?.httpGet?.path).toBe("/healthz");
  expect(container?.startupProbe?.httpGet?.path).toBe("/healthz");
  expect(container?.readinessProbe?.httpGet?.path).toBe("/readyz");
});

test("the ingress shows /webhook and nothing else, of the service that finds the pods", () => {
  const ingress = find<ConstructorParameters<typeof Ingress>[0]>("Ingress");
  const paths = ingress?.spec?.rules?.flatMap(({ http }) => http?.paths ?? []);
  expect(paths).toEqual([
    { path: "/webhook", pathType: "Exact", backend: { service: { name: "wishbell", port: { name: "http" } } } },
  ]);
  const service = find<ConstructorParameters<typeof Service>[0]>("Service");
  const budget = find<ConstructorParameters<typeof PodDisruptionBudget>[0]>("PodDisruptionBudget");
  expect(service?.spec?.ports?.[0]).toMatchObject({ name: "http", targetPort: container?.ports?.[0]?.name });
  expect(service?.spec?.selector).toEqual(deployment?.spec?.template.metadata?.labels);
  expect(budget?.spec).toEqual({ minAvailable: 1, selector: deployment?.spec?.selector });
});
