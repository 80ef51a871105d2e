import 'reflect-metadata';
import { RequestMethod, type Type } from '@nestjs/common';

/** As Nest has them from the decorators of the controllers. */
export function routesOf(controller: Type): string[] {
  const base = Reflect.getMetadata('path', controller) as string;
  const methods = controller.prototype as Record<string, object>;
  return Object.getOwnPropertyNames(methods).flatMap((name) => {
    const handler = methods[name];
    const verb = handler && (Reflect.getMetadata('method', handler) as RequestMethod | undefined);
    if (!handler || verb === undefined) return [];
    const path = [base, Reflect.getMetadata('path', handler) as string].join('/').replace(/\/+/g, '/');
    return [`${RequestMethod[verb]} /${path.replace(/^\/|\/$/g, '').replace(/:(\w+)/g, '{$1}')}`];
  });
}
