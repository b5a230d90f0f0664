// Purpose: dialogs: the modals a bot opens, and the page's own questions.

import { api } from './api.js';
import { selectMenu } from './components.js';
import { markdown } from './markdown.js';
import { el, emit, icon } from './state.js';

let fieldCount = 0;

/**
 * Opens a native dialog (focus stays inside, Escape closes). `onSubmit` returns a sentence to show
 * as an error, or nothing when the dialog may close. Resolves true when it was submitted.
 */
function openDialog({ title, body, submitLabel, cancelLabel = 'Cancel', danger = false, testid, note, onSubmit }) {
  return new Promise((resolve) => {
    const opener = document.activeElement;
    const heading = `dialog-title-${++fieldCount}`;
    const problem = el('p', { class: 'failed', role: 'alert', hidden: true, testid: 'modal-error' });
    const submit = el('button', { type: 'submit', class: `btn btn-${danger ? 'danger' : 'primary'}`, testid: 'modal-submit' }, submitLabel);
    const cancel = el('button', { type: 'button', class: 'btn btn-secondary', testid: 'modal-cancel' }, cancelLabel);
    const form = el('form', { class: 'dialog-form', novalidate: true },
      el('header', { class: 'dialog-head' }, el('h2', { id: heading }, title), el('button', { type: 'button', class: 'icon-button', 'aria-label': 'Close', on: { click: () => end(false) } }, icon('close'))),
      el('div', { class: 'dialog-body' }, body, problem),
      el('footer', { class: 'dialog-foot' }, note ? el('span', { class: 'quiet' }, note) : null, cancel, submit));
    const dialog = el('dialog', { class: 'dialog', testid: testid ?? 'dialog', 'aria-labelledby': heading }, form);
    let done = false;
    function end(result) {
      if (done) return;
      done = true;
      dialog.close();
      dialog.remove();
      if (opener?.isConnected) opener.focus();
      resolve(result);
    }
    const fail = (text) => {
      problem.replaceChildren(icon('warn'), text);
      problem.hidden = false;
      problem.scrollIntoView({ block: 'nearest' });
    };
    cancel.addEventListener('click', () => end(false));
    dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      end(false);
    });
    form.addEventListener('submit', async (event) => {
      event.preventDefault();
      submit.disabled = true;
      submit.classList.add('busy');
      problem.hidden = true;
      try {
        const wrong = await onSubmit?.();
        if (wrong) fail(wrong);
        else end(true);
      } catch (error) {
        fail(error.message);
      } finally {
        submit.disabled = false;
        submit.classList.remove('busy');
      }
    });
    document.body.append(dialog);
    dialog.showModal();
    (form.querySelector('.dialog-body input, .dialog-body textarea, .dialog-body button') ?? submit).focus();
  });
}

export function confirmDialog({ title, text, yes, danger = false }) {
  return openDialog({ title, body: el('p', {}, text), submitLabel: yes, danger, testid: 'confirm' });
}

/** A dialog of the page itself; `onSubmit` may throw or return a sentence. */
export function formDialog({ title, body, submitLabel, onSubmit, testid }) {
  return openDialog({ title, body, submitLabel, onSubmit, testid });
}

// ---- modals a bot opens --------------------------------------------------------------------------------------

/** Draws one field and returns {node, customId, read(), check()}; `check` returns a sentence or null. */
function field(component, label, description) {
  const id = `field-${++fieldCount}`;
  const required = component.required !== false;
  const labelNode = el('label', { class: 'field-label', for: id }, label, required ? el('span', { class: 'must', title: 'Required' }, ' *') : el('span', { class: 'quiet' }, ' (optional)'));
  const help = description ? el('p', { class: 'field-help', id: `${id}-help` }, description) : null;
  const wrong = el('p', { class: 'field-wrong', id: `${id}-wrong`, hidden: true });
  const wrap = (control) => el('div', { class: 'field-box', testid: `modal-field-${component.custom_id}` }, labelNode, help, control, wrong);
  const result = { customId: component.custom_id, wrong };

  if (component.type === 4) return { ...result, ...textField(component, { id, wrap, required }) };
  if ([3, 5, 6, 7, 8].includes(component.type)) {
    const box = selectMenu({ ...component, min_values: required ? component.min_values ?? 1 : 0 }, { label, testid: `modal-input-${component.custom_id}` });
    box.querySelector('button').id = id;
    return { ...result, node: wrap(box), read: () => box.values(), check: () => (required && box.values().length === 0 ? 'Choose something here.' : null) };
  }
  if (component.type === 21 || component.type === 22) return { ...result, ...optionField(component, { id, label, help, wrong, required }) };
  if (component.type === 23) {
    const input = el('input', { type: 'checkbox', id, testid: `modal-input-${component.custom_id}` });
    input.checked = Boolean(component.default);
    return { ...result, node: wrap(input), read: () => input.checked, check: () => null };
  }
  return { ...result, node: wrap(el('p', { class: 'quiet' }, 'This kind of field cannot be filled in here.')), read: () => undefined, check: () => null };
}

function textField(component, { id, wrap, required }) {
  const long = component.style === 2;
  const input = el(long ? 'textarea' : 'input', {
    class: 'input', id, testid: `modal-input-${component.custom_id}`, placeholder: component.placeholder, autocomplete: 'off',
    maxlength: component.max_length ?? 4000, rows: long ? 4 : undefined, type: long ? undefined : 'text',
    'aria-required': String(required), 'aria-describedby': `${id}-help ${id}-wrong`, value: component.value ?? '',
  });
  const left = el('span', { class: 'counter quiet' });
  const count = () => {
    left.textContent = component.max_length ? `${input.value.length} / ${component.max_length}` : '';
  };
  input.addEventListener('input', count);
  count();
  const check = () => {
    const length = input.value.trim().length;
    if (required && length === 0) return 'Fill this in.';
    if (length > 0 && component.min_length && input.value.length < component.min_length) return `Write at least ${component.min_length} characters.`;
    return null;
  };
  return { node: wrap(el('div', { class: 'counted' }, input, left)), read: () => input.value, check, input };
}

function optionField(component, { id, label, help, wrong, required }) {
  const single = component.type === 21;
  const inputs = (component.options ?? []).map((option) => {
    const input = el('input', { type: single ? 'radio' : 'checkbox', name: id, value: option.value });
    input.checked = Boolean(option.default);
    return { input, row: el('label', { class: 'option-row' }, input, el('span', {}, option.label, option.description ? el('span', { class: 'quiet block' }, option.description) : null)) };
  });
  const values = () => inputs.filter(({ input }) => input.checked).map(({ input }) => input.value);
  return {
    node: el('fieldset', { class: 'field-box', testid: `modal-field-${component.custom_id}` }, el('legend', { class: 'field-label' }, label), help, inputs.map(({ row }) => row), wrong),
    read: () => (single ? values()[0] : values()),
    check: () => (required && values().length === 0 ? 'Choose something here.' : null),
  };
}

function fieldsOf(modal) {
  const parts = [];
  const nodes = [];
  const add = (part) => {
    parts.push(part);
    nodes.push(part.node);
  };
  for (const component of modal.components ?? []) {
    if (component.type === 1) for (const inner of component.components ?? []) add(field(inner, inner.label ?? ''));
    else if (component.type === 18) add(field(component.component ?? {}, component.label, component.description));
    else if (component.type === 10) nodes.push(el('div', { class: 'cv-text' }, markdown(component.content)));
    else if (component.custom_id) add(field(component, component.label ?? ''));
  }
  return { parts, nodes };
}

/** Shows a bot's modal; what it is answered with goes out as an 'answer', like every other answer. */
export function openBotModal(modal, origin) {
  const { parts, nodes } = fieldsOf(modal);
  return openDialog({
    title: modal.title ?? 'A question',
    body: nodes,
    submitLabel: 'Submit',
    testid: 'modal',
    note: origin.botName ? `Goes to ${origin.botName}` : undefined,
    async onSubmit() {
      let first = null;
      for (const part of parts) {
        const sentence = part.check();
        part.wrong.textContent = sentence ?? '';
        part.wrong.hidden = !sentence;
        part.input?.setAttribute('aria-invalid', String(Boolean(sentence)));
        if (sentence) first ??= part;
      }
      if (first) {
        first.node.querySelector('input, textarea, button')?.focus();
        return 'Some fields still need you.';
      }
      const fields = Object.fromEntries(parts.filter((part) => part.read() !== undefined).map((part) => [part.customId, part.read()]));
      const answer = await api.modal({ user: origin.user, modal: modal.id ?? modal.modal_id ?? modal.custom_id, fields });
      if (answer.kind === 'error') return 'Something went wrong. Try again.';
      emit('answer', { answer, origin: { ...origin, kind: 'modal', modal, fields } });
      return null;
    },
  });
}
