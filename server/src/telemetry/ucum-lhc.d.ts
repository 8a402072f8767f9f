/** What is used of the library, which ships no types. */
declare module "@lhncbc/ucum-lhc" {
  interface Units {
    getSpecifiedUnit(code: string, validation: "validate"): { readonly unit: object | null };
    convertUnitTo(fromCode: string, value: number, toCode: string): { readonly toVal: number | null };
  }
  export const UcumLhcUtils: { getInstance(): Units };
}
