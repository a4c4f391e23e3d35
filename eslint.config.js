import js from "@eslint/js";
import { defineConfig } from "eslint/config";
import typescript from "typescript-eslint";

export default defineConfig(js.configs.recommended, {
  files: ["**/*.ts", "**/*.tsx"],
  extends: [typescript.configs.strictTypeChecked, typescript.configs.stylisticTypeChecked],
  languageOptions: { parserOptions: { projectService: true } },
});
