import { useParley } from "@parley/react";
import { Paperclip } from "lucide-react";
import { type ReactNode, useRef } from "react";
import { strings } from "../strings";
import { IconButton } from "../ui/icon-button";
import { Uploads } from "./uploads";

export interface AttachButtonProps {
  channelId: string;
  /** The message that the files are replies to. */
  parentId?: string | undefined;
}

/** Lets files be chosen, which are uploaded and shared at once. */
export function AttachButton({ channelId, parentId }: AttachButtonProps): ReactNode {
  const uploads = Uploads.of(useParley());
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <IconButton icon={Paperclip} label={strings.files.attach} onClick={() => input.current?.click()} />
      <input
        ref={input}
        type="file"
        multiple
        hidden
        tabIndex={-1}
        aria-label={strings.files.choose}
        onChange={({ currentTarget }) => {
          uploads.add(channelId, [...(currentTarget.files ?? [])], parentId);
          currentTarget.value = ""; // the same file may be chosen again
        }}
      />
    </>
  );
}
