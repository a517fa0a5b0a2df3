import type { Server, ServiceDefinition, UntypedServiceImplementation } from "@grpc/grpc-js";
import { unary, type CallEnvironment, type Handler } from "./call.ts";

// grpc-js's own idea of any method and of any service's methods.
type AnyDefinition = ServiceDefinition[string];
type AnyHandler = Handler<object, unknown>;

/** A handler for each method of a generated service. */
export type Handlers<Service> = {
  readonly [Name in keyof Service]: Service[Name] extends {
    readonly requestDeserialize: (bytes: Buffer) => infer Request;
    readonly responseSerialize: (response: infer Response) => Buffer;
  }
    ? Handler<Request, Response>
    : never;
};

/** Adds a service to `server`, each of its methods surrounded by `unary`. */
export function addService<Service extends object>(
  server: Server,
  environment: CallEnvironment,
  service: Service,
  handlers: Handlers<Service>,
): void {
  const definitions: Record<string, AnyDefinition> = {};
  const implementation: UntypedServiceImplementation = {};
  const methods: readonly (readonly [string, AnyDefinition])[] = Object.entries(service);
  for (const [name, definition] of methods) {
    const handler = handlers[name as keyof Service] as unknown as AnyHandler;
    // An answer is encoded before it is handed over, since its size decides whether it may be.
    definitions[name] = { ...definition, responseSerialize: (bytes: Buffer) => bytes };
    implementation[name] = unary(environment, definition, handler);
  }
  server.addService(definitions, implementation);
}
