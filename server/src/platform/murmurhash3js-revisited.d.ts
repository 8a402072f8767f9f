declare module "murmurhash3js-revisited" {
  const murmurHash3: {
    readonly x86: { hash32(bytes: Uint8Array): number };
    /** Hexadecimal, 32 digits. */
    readonly x64: { hash128(bytes: Uint8Array): string };
  };
  // biome-ignore lint/style/noDefaultExport: it describes a package that exports this way
  export default murmurHash3;
}
