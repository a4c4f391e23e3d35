import { told } from "../store";

/** A place to drop a file, or to choose one. */
export function Drop(given: {
  words: string;
  label: string;
  accept: string;
  taken: (files: FileList | null | undefined) => Promise<void>;
}) {
  return (
    <div
      class="drop"
      onDrop={(event) => {
        event.preventDefault();
        told(given.taken(event.dataTransfer?.files));
      }}
    >
      <p class="quiet">{given.words}</p>
      <label class="button">
        {given.label}
        <input
          type="file"
          accept={given.accept}
          class="hidden"
          onChange={(event) => {
            told(given.taken(event.currentTarget.files));
            event.currentTarget.value = "";
          }}
        />
      </label>
    </div>
  );
}
