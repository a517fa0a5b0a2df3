import { Client, connectivityState, type ChannelOptions } from "@grpc/grpc-js";
import { channelCredentials } from "../../wire/channel-credentials.ts";
import type { Description } from "../../wire/describe.ts";
import { limits } from "../../wire/limits.ts";
import type { Endpoint } from "../resolve/endpoint.ts";

/** What a peer turned out to be: Outboard's, with what it says of itself, or one of the prototype's without Describe. */
export type Peer = { readonly outboard: true; readonly description: Description } | { readonly outboard: false };

/** One grpc-js channel to one address, and what is known of its peer. */
export interface Connection {
  readonly endpoint: Endpoint;
  /** The one of the endpoint's addresses that this leads to. */
  readonly address: string;
  readonly client: Client;
  /** The peer as `ask` finds it, asked once for each time that the channel connects. */
  peer(ask: () => Promise<Peer>): Promise<Peer>;
  /** grpc-js's name of the channel's state, "READY". */
  state(): string;
  /** Connects, if it does not yet, without waiting for the first call. */
  connect(): void;
  close(): void;
}

/** A connection ended, as each does from time to time; or it could not be made. */
export type Loss = "lost" | "refused";

/** What a {@link Connection} tells of its state. */
export interface ConnectionEvents {
  readonly up: () => void;
  /** It is tried again by itself. */
  readonly down: (how: Loss) => void;
}

const options: ChannelOptions = {
  // A proxy of the environment must never see what goes to a provider.
  "grpc.enable_http_proxy": 0,
  "grpc.service_config_disable_resolution": 1,
  // Each channel its own connection: equal addresses with other trust must not share one.
  "grpc.use_local_subchannel_pool": 1,
  "grpc.enable_channelz": 0,
  "grpc.keepalive_time_ms": 30_000,
  "grpc.keepalive_timeout_ms": 10_000,
  "grpc.keepalive_permit_without_calls": 1,
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 1_000,
  "grpc.max_receive_message_length": limits.responseBytes,
  "grpc.max_send_message_length": limits.requestBytes,
  // Without it a large answer waits for a round trip each 64 KiB.
  "grpc-node.flow_control_window": limits.responseBytes,
};

/** Opens a channel. It connects at the first call and from then on by itself until it is closed. */
export function openConnection(endpoint: Endpoint, address: string, events: ConnectionEvents): Connection {
  const { serverName, certificates } = endpoint;
  const scheme = address.startsWith("[") ? "ipv6" : "ipv4";
  const client = new Client(`${scheme}:${address}`, channelCredentials(certificates, serverName), {
    ...options,
    "grpc.default_authority": serverName,
  });
  const channel = client.getChannel();
  let known: Promise<Peer> | undefined;
  let closed = false;

  function watch(last: connectivityState): void {
    channel.watchConnectivityState(last, Number.POSITIVE_INFINITY, () => {
      if (closed) return;
      const state = channel.getConnectivityState(false);
      if (state === connectivityState.READY) events.up();
      if (last === connectivityState.READY || state === connectivityState.TRANSIENT_FAILURE) {
        // Another process may answer next time.
        known = undefined;
        events.down(state === connectivityState.TRANSIENT_FAILURE ? "refused" : "lost");
      }
      if (closed) return;
      // Idle after a loss: connect again without waiting for a call, so that what failed is woken.
      if (state === connectivityState.IDLE) channel.getConnectivityState(true);
      watch(channel.getConnectivityState(false));
    });
  }
  watch(channel.getConnectivityState(false));

  return {
    endpoint,
    address,
    client,
    peer(ask) {
      if (known !== undefined) return known;
      const asked = ask();
      known = asked;
      asked.catch(() => {
        if (known === asked) known = undefined;
      });
      return asked;
    },
    state: () => connectivityState[channel.getConnectivityState(false)],
    connect: () => void channel.getConnectivityState(true),
    close() {
      closed = true;
      client.close();
    },
  };
}
