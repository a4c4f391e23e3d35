import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import typescript from "typescript-eslint";

// What is built, and what openapi-typescript writes.
const MADE = ["studio/dist", "studio/src/openapi.d.ts"];

export default defineConfig({ ignores: MADE }, js.configs.recommended, {
  files: ["**/*.ts", "**/*.tsx"],
  extends: [typescript.configs.strictTypeChecked, typescript.configs.stylisticTypeChecked],
  languageOptions: { parserOptions: { projectService: true } },
});
