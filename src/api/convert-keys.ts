import { ProviderError } from "./errors.ts";
import type { RemoteRef, SecretMap } from "./provider.ts";

/** ESO's conversionStrategy; empty or absent is Default. */
export type ConversionStrategy = NonNullable<RemoteRef["conversionStrategy"]> | "";

/** Longest key of a Secret, in bytes. */
const maxKeyLength = 253;

/** ESO's set, which is wider than Kubernetes': any letter or number of Unicode. */
const forbidden = /[^\p{L}\p{N}._-]/u;
const everyForbidden = new RegExp(forbidden.source, "gu");

/**
 * Replaces what a Secret's key cannot hold: by `_` (Default), or by `_U002f_` with the code point (Unicode).
 * InvalidConfig when two keys become the same.
 */
export function convertKeys(strategy: ConversionStrategy | undefined, values: SecretMap): SecretMap {
  const converted = new Map<string, Uint8Array>();
  for (const [key, value] of values) {
    const name = key.replaceAll(everyForbidden, strategy === "Unicode" ? codePoint : underscore);
    if (converted.has(name)) {
      throw new ProviderError("InvalidConfig", `secret name collision during conversion: ${name}`);
    }
    converted.set(name, value);
  }
  return converted;
}

/** The map without its empty key, if it has one; InvalidConfig for a key that no Secret can hold. */
export function validateKeys(values: SecretMap): SecretMap {
  for (const key of values.keys()) {
    const length = Buffer.byteLength(key);
    if (length > maxKeyLength) {
      const start = Buffer.from(key).subarray(0, maxKeyLength).toString();
      throw new ProviderError(
        "InvalidConfig",
        `key has length ${length} but max is ${maxKeyLength}: (following is truncated): ${start}`,
      );
    }
    const bad = forbidden.exec(key)?.[0];
    if (bad !== undefined) {
      throw new ProviderError(
        "InvalidConfig",
        `key has invalid character ${bad}, only alphanumeric, '-', '.' and '_' are allowed: ${key}`,
      );
    }
  }
  return new Map([...values].filter(([key]) => key !== ""));
}

function underscore(): string {
  return "_";
}

function codePoint(character: string): string {
  return `_U${(character.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}_`;
}
